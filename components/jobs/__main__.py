"""``python -m components.jobs work``: a process without a page that shares the work of the others on one PostgreSQL.

It reads the same settings, sends the jobs of evaluations, and takes over jobs of processes that have died. ``/healthz`` and
``/metrics`` are served on a port of this machine alone.
"""

from __future__ import annotations

import argparse
import sys

from components.errors import PlaygroundError, SettingsError
from components.jobs.store.engine import NAME
from components.sandbox import create_sandbox
from components.settings import read_settings
from components.web.opening import open_playground
from components.web.server import create_app
from components.web.serving import bind, serve, set_up_logging

HOST = "127.0.0.1"


def main() -> int:
    """Work until stopped. Returns the exit status: 1 with one clear line when something is set up wrongly."""
    parser = argparse.ArgumentParser(prog="python -m components.jobs", description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["work"])
    parser.parse_args()
    try:
        settings = read_settings()
        if not settings.database_address.startswith("postgres"):
            raise SettingsError(f"{NAME}: must name a PostgreSQL database. One process uses SQLite at a time.")
        set_up_logging()
        with bind(HOST, 0) as listener:
            playground, resources = open_playground(settings, listener.getsockname()[1])
            sandbox = create_sandbox(playground.catalog, settings.sandbox_speed, own_key=playground.accounts.sandbox.key)
            serve(create_app(playground, resources, sandbox, framed=False), listener, HOST, behind_proxy=False)
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
