"""The applications that the tests of this room share: one as it comes, one with a host's key, one in a hurry."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from gradio_client import Client

from components.catalog.models import Catalog
from tests.recorder import Recorder, recorded_sandbox
from tests.ui import ROOT, App, calling, running

HOST_KEY = "sk-host-0f1e2d3c4b5a"


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application with nothing set: its own sandbox, fifty times as fast."""
    with running(tmp_path_factory.mktemp("app") / "home") as app:
        yield app


@pytest.fixture(scope="session")
def caller(app: App) -> Iterator[Client]:
    """A caller without a name or a key."""
    with calling(app) as client:
        yield client


@pytest.fixture(scope="session")
def upstream(catalog: Catalog) -> Iterator[Recorder]:
    """A service in the place of the real one that writes down what reaches it."""
    with recorded_sandbox(catalog) as recorder:
        yield recorder


@pytest.fixture
def ledger(upstream: Recorder) -> Recorder:
    """The service with nothing on record."""
    upstream.requests.clear()
    return upstream


@pytest.fixture(scope="session")
def hosted(upstream: Recorder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application with a host's key for that service, whose catalog promises as quick a service as that one is."""
    folder = tmp_path_factory.mktemp("hosted") / "home"
    quick = folder.parent / "quick.yaml"
    quick.write_text(re.sub(r"seconds: \[.*?\]", "seconds: [0.1, 0.3]", (ROOT / "catalog.yaml").read_text()))
    settings = {"API_IN_ONE_KEY": HOST_KEY, "API_IN_ONE_BASE_URL": upstream.address, "PLAYGROUND_CATALOG": str(quick)}
    with running(folder, **settings) as app:
        yield app


@pytest.fixture(scope="session")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The application whose deadline is two seconds."""
    with running(tmp_path_factory.mktemp("hurried") / "home", PLAYGROUND_DEADLINE_S="2") as app:
        yield app
