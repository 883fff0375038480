"""Real servers for every test: the sandbox over HTTP on a free loopback port, and nothing of ours patched."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path

import httpx2
import pytest
import uvicorn

from components.api import Account, ApiClient
from components.api.connections import Pools
from components.catalog.loading import load_catalog
from components.catalog.models import Catalog
from components.jobs.job import JobOptions
from components.jobs.service import JobService
from components.jobs.store.engine import open_database, sqlite_address
from components.jobs.store.jobs import Store
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.sandbox import create_sandbox
from tests.postgres import Postgres, running_postgres

ROOT = Path(__file__).parent.parent
SPEED = 50.0
LONGEST_SIDE = 256  # of a drawing: drawing, storing and reading pictures of the usual size was half of the tests' time
FIRST_GROUPS = ("tests/chaos/test_chaos.py", "postgres", "app")  # groups, the first to start
SLOW = (  # modules with tests that take a second of CPU time, or wait for seconds
    "comparisons/test_lifecycle", "comparisons/test_service", "evaluation/test_exports",
    "evaluation/test_hostile_archives", "evaluation/test_processes", "evaluation/test_service",
    "evaluation/test_voting", "evaluation/voting/test_screens", "jobs/test_callback_trust",
    "jobs/test_callbacks_repair", "jobs/test_keys", "jobs/test_late_results", "jobs/test_migrations",
    "jobs/test_pauses", "jobs/test_recovery", "jobs/test_removal", "jobs/test_removal_races", "jobs/test_service",
    "jobs/test_service_faults", "sandbox/test_requested_and_delivered", "ui/test_caps", "ui/test_history_tab",
    "ui/test_key_change", "ui/test_paying", "ui/test_replies", "ui/test_result_actions", "web/test_callbacks",
    "web/test_pictures", "web/test_published", "web/test_recipes", "web/test_samples",
)  # fmt: skip
SHARED_BY_TESTS = ("app_with_host_key", "app_with_short_deadline", "app")  # fixtures that start the application
OWN_NAMES = ("API_IN_ONE_", "PLAYGROUND_", "GRADIO_", "SPACE_")

gc.disable()  # imported modules are no garbage; collecting them again and again took a tenth of the time


def pytest_collection_finish() -> None:
    """Leave what has been imported out of every later search for garbage."""
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs PostgreSQL or the application, or is slow, so that ``make quick`` can leave it out; and what runs in
    one process of ``--dist loadgroup``: all that shares a server or an application. Every other test runs where there is
    room; so do those in a browser, most of which share one application: each process has its own."""
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        in_browser = "browser" in item.fixturenames
        shared = [name for name in SHARED_BY_TESTS if name in item.fixturenames and not in_browser]
        if item.nodeid.removeprefix("tests/").partition(".py::")[0] in SLOW:
            item.add_marker("slow")
        if "postgres" in item.fixturenames or "postgresql" in [str(value) for value in parameters]:
            item.add_marker("postgres")
            item.add_marker(pytest.mark.xdist_group("postgres"))
        elif shared:
            item.add_marker("processes")
            item.add_marker(pytest.mark.xdist_group(shared[0]))
        elif "module" in (fixtures[-1].scope for fixtures in item._fixtureinfo.name2fixturedefs.values()):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    items.sort(key=_start_order)


def _start_order(item: pytest.Item) -> tuple[int, bool, bool]:
    """Sort key: the longest groups first, then tests that start programs, so that no long test is left running alone at
    the end; ``--no-loadscope-reorder`` keeps this order."""
    group = item.get_closest_marker("xdist_group")
    name = group.args[0] if group else ""
    return (
        FIRST_GROUPS.index(name) if name in FIRST_GROUPS else len(FIRST_GROUPS),
        not group,
        not item.get_closest_marker("processes"),
    )


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A short name for a long value: a file of fifteen million characters was part of a test's name, in every process."""
    return f"{argname} of {len(val)}" if isinstance(val, str | bytes) and len(val) > 100 else None


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test."""
    for name in list(os.environ):
        if name.startswith(OWN_NAMES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")


@contextmanager
def serve(app: object) -> Iterator[str]:
    """An ASGI application on a free loopback port in a thread; yields its base address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))  # type: ignore[arg-type]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The catalog that ships."""
    return load_catalog(ROOT / "catalog.yaml")


@pytest.fixture(scope="session")
def sandbox(catalog: Catalog) -> Iterator[str]:
    """The base address of a running sandbox whose tasks take a fiftieth of their time and whose drawings are small."""
    with serve(create_sandbox(catalog, speed=SPEED, longest=LONGEST_SIDE)) as address:
        yield address


@pytest.fixture(scope="session")
def full_size_sandbox(catalog: Catalog) -> Iterator[str]:
    """The base address of a running sandbox whose drawings have the sizes that are asked for."""
    with serve(create_sandbox(catalog, speed=SPEED)) as address:
        yield address


@pytest.fixture
def account(catalog: Catalog, sandbox: str) -> Account:
    """The sandbox's account."""
    endpoint = catalog.endpoint
    return Account("sandbox", sandbox, endpoint.create, endpoint.status, "sandbox", pace=SPEED)


@pytest.fixture
async def client() -> AsyncIterator[ApiClient]:
    async with httpx2.AsyncClient(trust_env=False, transport=Pools()) as http:
        yield ApiClient(http)


@cache
def _newest_sqlite() -> bytes:
    """The file of an SQLite database of the newest schema: a copy is made in a tenth of the time of the migrations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "playground.db"
        open_database(sqlite_address(path)).close()
        return path.read_bytes()


def sqlite_without_rows(path: Path) -> str:
    """The address of an SQLite database of the newest schema; one that is there stays as it is."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_newest_sqlite())
    return sqlite_address(path)


@asynccontextmanager
async def open_store(folder: Path, url: str = "") -> AsyncIterator[Store]:
    """An open store: a new SQLite database in the folder, or the one at the address."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    database = open_database(url or sqlite_without_rows(folder / "playground.db"))
    store = Store(database)
    try:
        yield store
    finally:
        await store.aclose()
        database.close()


@pytest.fixture
async def job_service(catalog: Catalog, client: ApiClient, tmp_path: Path) -> AsyncIterator[JobService]:
    """A job service with a deadline that a busy machine does not reach."""
    async with open_fetch_client() as http, open_store(tmp_path / "records") as store:
        job_service = JobService(
            catalog, store, client, PictureLibrary(FolderStorage(tmp_path / "pictures"), http), JobOptions(deadline_s=20)
        )
        yield job_service
        await job_service.aclose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for the whole run, started by the first test that asks for it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def newest_postgres(postgres: Postgres) -> Iterator[str]:
    """The address of a PostgreSQL database of the newest schema."""
    with postgres.fresh() as url:
        open_database(url).close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables, one of each kind."""
    if request.param == "sqlite":
        yield sqlite_address(tmp_path / "playground.db")
    else:
        with request.getfixturevalue("postgres").fresh() as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database of the newest schema without rows, one of each kind."""
    if request.param == "sqlite":
        return sqlite_without_rows(tmp_path / "playground.db")
    url: str = request.getfixturevalue("newest_postgres")
    request.getfixturevalue("postgres").delete_rows(url, spared=("budget", "alembic_version"))
    return url
