"""A playground over a real database, and a catalog in which a model has been retired."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from components.api import Account, ApiClient
from components.catalog.loading import parse_catalog
from components.catalog.models import Catalog
from components.comparisons.service import ComparisonService
from components.comparisons.store import ComparisonStore
from components.evaluation.service import EvaluationService
from components.jobs.budgets import Caps
from components.jobs.service import JobService
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.playground import Playground
from components.playground.accounts import Accounts
from components.playground.key_checks import KeyChecks
from tests.conftest import ROOT, open_store


def retired_catalog(model_id: str, replaced_by: str = "") -> Catalog:
    """The catalog that ships after one of its models was retired."""
    head, name, rest = (ROOT / "catalog.yaml").read_text().partition(f"  - id: {model_id}\n")
    retired = "    status: retired\n" + (f"    replaced_by: {replaced_by}\n" if replaced_by else "")
    return parse_catalog(head + name + rest.replace("    status: active\n", retired, 1))


MakePlayground = Callable[..., Playground]


@pytest.fixture
async def playground(catalog: Catalog, client: ApiClient, account: Account, tmp_path: Path) -> AsyncIterator[MakePlayground]:
    """A playground over one database, with the host's key and the caps that a test chooses."""
    async with open_fetch_client() as http, open_store(tmp_path / "records") as store:
        jobs = JobService(catalog, store, client, PictureLibrary(FolderStorage(tmp_path / "pictures"), http))
        comparisons = ComparisonService(catalog, jobs, ComparisonStore(store.transactions))
        evaluations = EvaluationService(catalog, jobs, lambda _: None)

        def made(host_key: str | None = "sk-host-of-these-tests", caps: Caps | None = None) -> Playground:
            service = replace(account, payer="", key="")
            services = comparisons, evaluations, KeyChecks(client)
            jobs.caps = caps or Caps()
            return Playground(catalog, jobs, Accounts(service, account, host_key), "", *services)

        yield made
        await jobs.aclose()
