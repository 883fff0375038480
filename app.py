"""Start here: read the settings, build the application, serve it."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import replace

from starlette.types import ASGIApp

from components.errors import PlaygroundError
from components.settings import Settings, read_settings


def build(settings: Settings, port: int) -> ASGIApp:
    """The application for a server on this port. Raises PlaygroundError for what is set up wrongly."""
    from components.sandbox import create_sandbox, drawings_version
    from components.ui.mount import mount_page
    from components.web.guard import PathPrefix
    from components.web.opening import open_playground
    from components.web.server import create_app

    playground, resources = open_playground(settings, port)
    playground = replace(playground, drawings_version=drawings_version())
    journal = settings.data_folder / "sandbox.jsonl"
    sandbox = create_sandbox(
        playground.catalog, settings.sandbox_speed, settings.public_address, journal, playground.accounts.sandbox.key
    )
    app = create_app(playground, resources, sandbox, framed=settings.on_space)
    mount_page(app, playground, settings.listen_on, port)
    return PathPrefix(app, settings.public_address)


def prepare_gradio() -> None:
    """Set what Gradio reads from the environment when it is imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    # These two keep it from grouping its last 10,000 events with pandas after every single one.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000")
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "200")
    os.environ.pop("GRADIO_SERVER_PORT", None)  # one that is "" would end the import


def main() -> int:
    """Serve until stopped. Returns the exit status: 1 with one clear line when something is set up wrongly."""
    gc.disable()  # nothing of what is imported and built is garbage; looking for some takes a fifth of the start
    try:
        settings = read_settings()
        prepare_gradio()
        from components.web.serving import bind, serve, set_up_logging

        set_up_logging()
        with bind(settings.listen_on, settings.server_port) as listener:
            app = build(settings, listener.getsockname()[1])
            gc.freeze()
            gc.enable()
            serve(app, listener, settings.listen_on, behind_proxy=settings.on_space)
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
