"""Running applications shared by the tests: without settings, with a host's key, and with a short deadline."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gradio_client import Client

from components.catalog.models import Catalog
from tests.recorder import Recorder, recorded_sandbox
from tests.ui import AppProcess, api_client, run_app, write_quick_catalog

HOST_KEY = "sk-host-0f1e2d3c4b5a"


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """The application without settings: its sandbox is fifty times as fast as the service."""
    with run_app(tmp_path_factory.mktemp("app") / "home") as app:
        yield app


@pytest.fixture(scope="session")
def api_caller(app: AppProcess) -> Iterator[Client]:
    """A client of the endpoints without a visitor id or a key."""
    with api_client(app) as client:
        yield client


@pytest.fixture(scope="session")
def upstream(catalog: Catalog) -> Iterator[Recorder]:
    """A stand-in for the service that records the requests."""
    with recorded_sandbox(catalog) as recorder:
        yield recorder


@pytest.fixture
def cleared_upstream(upstream: Recorder) -> Recorder:
    """The stand-in service without earlier requests."""
    upstream.requests.clear()
    return upstream


@pytest.fixture(scope="session")
def app_with_host_key(upstream: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """The application with a host's key for the stand-in service, and a catalog that expects its speed."""
    folder = tmp_path_factory.mktemp("hosted") / "home"
    settings = {
        "API_IN_ONE_KEY": HOST_KEY,
        "API_IN_ONE_BASE_URL": upstream.address,
        "PLAYGROUND_CATALOG": str(write_quick_catalog(folder.parent)),
    }
    with run_app(folder, **settings) as app:
        yield app


@pytest.fixture(scope="session")
def app_with_short_deadline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppProcess]:
    """The application with a deadline of two seconds."""
    with run_app(tmp_path_factory.mktemp("hurried") / "home", PLAYGROUND_DEADLINE_S="2") as app:
        yield app
