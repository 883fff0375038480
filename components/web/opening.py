"""Opens what the settings of an installation name, database, storage and clients, and makes its playground of it."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from components.api.client import Account, ApiClient, service_address
from components.api.connections import open_client
from components.catalog.loading import load_catalog
from components.catalog.models import Catalog
from components.comparisons.service import ComparisonService
from components.comparisons.store import ComparisonStore
from components.errors import SettingsError
from components.evaluation.service import EvaluationService
from components.jobs.budgets import Caps
from components.jobs.job import JobOptions
from components.jobs.recovery import FindAccount
from components.jobs.service import JobService
from components.jobs.store.engine import open_database, sqlite_address
from components.jobs.store.jobs import Store
from components.pictures.fetch import open_fetch_client
from components.pictures.library import PictureLibrary
from components.pictures.storage.base import PictureStorage
from components.pictures.storage.disk import Disk
from components.pictures.storage.folder import FolderStorage
from components.pictures.storage.opening import check_storage, open_storage
from components.pictures.uploads import Uploads
from components.playground import Playground
from components.playground.accounts import Accounts
from components.playground.key_checks import KeyChecks
from components.settings import Settings
from components.views.account import KEY_WITHHELD, storage_note
from components.views.links import SANDBOX
from components.web.serving import own_address
from components.web.uploads import follow_job

GB = 10**9
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resources:
    """What the server runs and closes beside the playground: ``opened`` closes every client, store and connection."""

    uploads: Uploads
    opened: AsyncExitStack


def open_playground(settings: Settings, port: int) -> tuple[Playground, Resources]:
    """The playground of an installation, served on this port. Raises SettingsError, CatalogError."""
    catalog = load_catalog(settings.catalog)
    endpoint = catalog.endpoint
    address = service_address(settings.base_url or endpoint.base_url, endpoint.create)
    service = Account("service", address, endpoint.create, endpoint.status, "")
    here, key = own_address(settings.listen_on, port), f"sandbox-{secrets.token_hex(16)}"
    sandbox = Account("sandbox", here + SANDBOX, endpoint.create, endpoint.status, key, settings.sandbox_speed)
    uploads, opened = _open_uploads(settings, here), AsyncExitStack()
    upstream = open_client(settings.proxies, settings.certificates)
    opened.push_async_callback(upstream.aclose)
    client, accounts = ApiClient(upstream), Accounts(service, sandbox, settings.host_key)
    jobs = _open_jobs(settings, catalog, client, accounts.of_job, opened)
    jobs.on_change(partial(follow_job, uploads))
    evaluations = EvaluationService(catalog, jobs, partial(accounts.of_payer, for_evaluation=True))
    opened.callback(evaluations.close)
    if settings.key_withheld:
        log.warning(KEY_WITHHELD)
    playground = Playground(
        catalog=catalog,
        jobs=jobs,
        accounts=accounts,
        sandbox_url=settings.public_address + SANDBOX if settings.public_address else sandbox.base_url,
        comparisons=ComparisonService(catalog, jobs, ComparisonStore(jobs.store.transactions)),
        evaluations=evaluations,
        key_checks=KeyChecks(client),
        notices=(KEY_WITHHELD,) if settings.key_withheld else (),
        storage_note=storage_note(*_durable(settings, jobs), jobs.pictures.limit),
        uploads_refused=uploads.refused,
        public_address=settings.public_address,
        own_address=here,
    )
    return playground, Resources(uploads, opened)


def _open_jobs(
    settings: Settings, catalog: Catalog, client: ApiClient, find_account: FindAccount, opened: AsyncExitStack
) -> JobService:
    """The jobs with everything they need; what is opened is closed in the opposite order. Raises SettingsError."""
    storage = _open_storage(settings)
    database = open_database(settings.database_address or sqlite_address(settings.database_file))
    opened.callback(database.close)
    store = Store(database)
    opened.push_async_callback(store.aclose)
    downloads = open_fetch_client(settings.proxies, settings.certificates)
    opened.push_async_callback(downloads.aclose)
    pictures = PictureLibrary(storage, downloads, limit=settings.images_gb * GB, starred=store.pictures.starred)
    caps = Caps(settings.daily_credits, settings.visitor_credits, settings.job_credits)
    options = JobOptions(caps, settings.deadline_s, settings.public_address, settings.log_prompts)
    jobs = JobService(catalog, store, client, pictures, options, find_account)
    opened.push_async_callback(jobs.aclose)
    return jobs


def _open_storage(settings: Settings) -> PictureStorage:
    """Where pictures are stored. Raises SettingsError."""
    if settings.images_address:
        return open_storage(settings.images_address)
    with _data_folder_errors(settings):
        storage = FolderStorage(settings.data_folder / "pictures")
        check_storage(storage)
        return storage


def _durable(settings: Settings, jobs: JobService) -> tuple[bool, bool]:
    """Whether requests, and whether pictures, outlive a restart; a warning in the log where they do not."""

    def durable(disk: Disk | None, what: str, setting: str) -> bool:
        lasts = disk is None or (disk.durable and not (settings.on_space and disk.mount in ("/", "")))
        if not lasts:
            log.warning("%s can be lost at a restart: they are on a disk that is not durable. Set %s.", what, setting)
        return lasts

    requests = durable(jobs.store.disk, "Requests", "PLAYGROUND_DATABASE_URL")
    return requests, durable(jobs.pictures.storage.disk, "Pictures", "PLAYGROUND_IMAGES_URL")


def _open_uploads(settings: Settings, here: str) -> Uploads:
    """What visitors upload, beside the pictures. Raises SettingsError."""
    with _data_folder_errors(settings):
        check_storage(FolderStorage(settings.data_folder))
        return Uploads(settings.data_folder / "uploads", settings.public_address, here)


@contextmanager
def _data_folder_errors(settings: Settings) -> Iterator[None]:
    """Raise an OSError inside as the SettingsError that names the data folder."""
    try:
        yield
    except OSError as error:
        raise SettingsError(f"PLAYGROUND_DATA: {settings.data_folder} cannot be used: {error.strerror}.") from error
