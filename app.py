"""Start here: settings -> playground -> page -> server. This is where the parts meet."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace

# Gradio reads these when it is imported. The last two keep it from grouping its last 10,000 events with
# pandas after every single one, which by then costs more than the event.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000")
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "200")
# Gradio would read the port while it is imported, and fail on a word; it is read in settings.py.
_port = os.environ.pop("GRADIO_SERVER_PORT", None)

import gradio as gr
import uvicorn
from fastapi import FastAPI

from components.api import Account, ApiClient, open_client
from components.catalog.loading import load_catalog
from components.catalog.models import Catalog
from components.comparisons.service import ComparisonService
from components.comparisons.store import ComparisonStore
from components.errors import PlaygroundError, SettingsError
from components.jobs.active import JOURNAL
from components.jobs.job import Caps, Job
from components.jobs.service import JobService
from components.jobs.store.engine import open_database, sqlite_address
from components.jobs.store.jobs import Store
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.base import PictureStorage
from components.pictures.storage.folder import FolderStorage
from components.pictures.storage.opening import open_storage
from components.pictures.thumbnails import ThumbnailCache
from components.pictures.uploads import Uploads
from components.playground import Playground
from components.sandbox import create_sandbox
from components.settings import Settings, read_settings
from components.ui.page import build_page
from components.ui.theme import SCRIPT, STYLE, theme
from components.views.links import SANDBOX
from components.views.words import KEPT, KEY_WITHHELD, NOT_DURABLE
from components.web.callbacks import callback_routes
from components.web.downloads import download_routes
from components.web.files import file_routes
from components.web.guard import Guard
from components.web.operations import operator_routes
from components.web.pictures import picture_routes
from components.web.published import publishing_routes
from components.web.uploads import follow_job, upload_routes
from components.web.visitors import Visitors

if _port is not None:
    os.environ["GRADIO_SERVER_PORT"] = _port

PORTS = range(7860, 7960)

log = logging.getLogger("playground")


def create_app(settings: Settings, port: int) -> FastAPI:
    """The whole application, for a server that listens on ``port``. Raises PlaygroundError for a bad catalog."""
    catalog = load_catalog(settings.catalog)
    service, sandbox = _accounts(settings, catalog, port)
    storage, uploads = _storage(settings), _uploads(settings)
    database = open_database(settings.database_address or sqlite_address(settings.database_file))
    upstream, downloads = open_client(), open_fetch_client()
    store = Store(database)

    def account(job: Job) -> Account | None:
        """Whose key asks for a job that was found without one."""
        if job.payer == "host" and settings.host_key:
            return replace(service, payer="host", key=settings.host_key)
        return sandbox if job.payer == "sandbox" else None

    pictures = PictureLibrary(storage, downloads, starred=store.starred)
    caps = Caps(settings.daily_credits, settings.visitor_credits, settings.job_credits)
    runner = JobService(
        catalog,
        store,
        ApiClient(upstream),
        pictures,
        caps,
        settings.deadline_s,
        accounts=account,
        callbacks=settings.public_address,
        log_prompts=settings.log_prompts,
        told=lambda job: follow_job(uploads, job),
    )
    comparisons = ComparisonService(catalog, runner, ComparisonStore(store.transactions))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # The sandbox is served by this very server, so jobs are taken up beside its start and not before it.
        running = (runner.begin(), uploads.keep_sweeping(), pictures.keep_trimming())
        begun = [asyncio.create_task(one) for one in running]
        yield
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        await runner.aclose()
        await upstream.aclose()
        await downloads.aclose()
        await store.aclose()
        database.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(Guard)
    app.add_middleware(Visitors, framed=settings.on_space)
    journal = settings.data_folder / "sandbox.jsonl"
    app.mount(SANDBOX, create_sandbox(catalog, settings.sandbox_speed, settings.public_address, journal))
    copies = ThumbnailCache(pictures)
    app.include_router(picture_routes(pictures, copies))
    app.include_router(upload_routes(uploads))
    app.include_router(callback_routes(runner))
    app.include_router(operator_routes(runner))
    app.include_router(download_routes(catalog, runner))
    app.include_router(file_routes(catalog, runner))

    playground = _services(settings, catalog, runner, comparisons, caps, service, sandbox, uploads)
    app.include_router(publishing_routes(playground, copies))
    page = build_page(playground)
    page.max_threads = 400
    page.queue(default_concurrency_limit=40, max_size=1000, api_open=False)
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=settings.listen_on,
        server_port=port,
        footer_links=["api"],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        ssr_mode=False,
        max_file_size="5mb",
        theme=theme(),
        css_paths=STYLE,
        js=SCRIPT,
    )
    return app


def _storage(settings: Settings) -> PictureStorage:
    """Where pictures are stored. Raises SettingsError."""
    if settings.images_address:
        return open_storage(settings.images_address)
    with _usable(settings):
        return FolderStorage(settings.data_folder / "pictures")


def _uploads(settings: Settings) -> Uploads:
    """What visitors upload, beside the pictures. Raises SettingsError."""
    with _usable(settings):
        return Uploads(settings.data_folder / "uploads", settings.public_address)


@contextmanager
def _usable(settings: Settings) -> Iterator[None]:
    """What fails inside is the data folder's fault: a SettingsError."""
    try:
        yield
    except OSError as error:
        raise SettingsError(f"PLAYGROUND_DATA: {settings.data_folder} cannot be used: {error.strerror}.") from error


def _accounts(settings: Settings, catalog: Catalog, port: int) -> tuple[Account, Account]:
    """The service, without a key, and the sandbox as this process reaches it."""
    endpoint = catalog.endpoint
    address = (settings.base_url or endpoint.base_url).rstrip("/")
    here = f"http://{_reachable(settings.listen_on)}:{port}{SANDBOX}"
    service = Account("service", address, endpoint.create, endpoint.status, "")
    return service, Account("sandbox", here, endpoint.create, endpoint.status, "sandbox", settings.sandbox_speed)


def _services(
    settings: Settings,
    catalog: Catalog,
    runner: JobService,
    comparisons: ComparisonService,
    caps: Caps,
    service: Account,
    sandbox: Account,
    uploads: Uploads,
) -> Playground:
    if settings.key_withheld:
        log.warning(KEY_WITHHELD)
    return Playground(
        catalog=catalog,
        jobs=runner,
        service=service,
        sandbox=sandbox,
        sandbox_url=settings.public_address + SANDBOX if settings.public_address else sandbox.base_url,
        examples=f"{SANDBOX}/examples",
        comparisons=comparisons,
        host_key=settings.host_key,
        caps=caps,
        notices=(KEY_WITHHELD,) if settings.key_withheld else (),
        storage=NOT_DURABLE if settings.on_space and settings.data is None else KEPT,
        uploads_refused=uploads.refused,
        public_address=settings.public_address,
    )


def _reachable(name: str) -> str:
    """The host by which this process reaches itself: a wildcard is not an address to call."""
    host = "127.0.0.1" if name in ("0.0.0.0", "::", "") else name  # noqa: S104  # compared, not bound
    return f"[{host}]" if ":" in host else host


def _listen(settings: Settings) -> socket.socket:
    """A bound socket: the port that was asked for, or the first free one from 7860 on."""
    wanted = [settings.server_port] if settings.server_port is not None else PORTS
    family = socket.AF_INET6 if ":" in settings.listen_on else socket.AF_INET
    for port in wanted:
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.listen_on, port))
        except OSError as error:
            listener.close()
            reason = error
        else:
            return listener
    raise PlaygroundError(f"Port {wanted[0]} on {settings.listen_on} cannot be used: {reason.strerror}.")


def _no_ended_streams(record: logging.LogRecord) -> bool:
    """Streams of open pages that are cut when the server stops are no errors."""
    kind = record.exc_info[0] if record.exc_info else None
    cut = kind is not None and issubclass(kind, asyncio.CancelledError)
    return not cut and "timeout graceful shutdown" not in str(record.msg)


def _set_up_logging() -> None:
    """Lines for people, and for each change of a job one line that is JSON and nothing else."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for client in ("httpx2", "httpx"):  # their INFO lines print whole addresses; Gradio still uses the older one
        logging.getLogger(client).setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    plain = logging.StreamHandler()
    plain.setFormatter(logging.Formatter("%(message)s"))
    journal = logging.getLogger(JOURNAL)
    journal.addHandler(plain)
    journal.propagate = False


def main() -> int:
    """Serve until stopped. Returns the exit status: 1 with one clear line when something is set up wrongly."""
    _set_up_logging()
    try:
        settings = read_settings()
        with _listen(settings) as listener:
            port = listener.getsockname()[1]
            app = create_app(settings, port)
            log.info("The playground is at http://%s:%s", _reachable(settings.listen_on), port)
            config = uvicorn.Config(
                app,
                log_level="warning",
                h11_max_incomplete_event_size=65_536,  # an address may carry a long prompt
                forwarded_allow_ips="*" if settings.on_space else None,
                timeout_graceful_shutdown=3,  # an open page holds a stream for ever
            )
            logging.getLogger("uvicorn.error").addFilter(_no_ended_streams)
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run([listener])
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
