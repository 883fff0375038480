"""A comparison with real jobs, whose pictures a sandbox drew, in records and folders like those of the application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2

from components.api import Account, ApiClient
from components.api.connections import Pools
from components.catalog.models import Catalog
from components.comparisons.comparison import Comparison
from components.comparisons.plan import Choice
from components.comparisons.service import ComparisonService
from components.comparisons.store import ComparisonStore
from components.jobs.job import JobOptions
from components.jobs.service import JobService
from components.pictures.library import PictureLibrary
from components.pictures.storage.folder import FolderStorage
from components.playground import Playground, visitor_id
from tests.conftest import records

SECRET = "ann-of-the-comparisons-0123456789"
ANN = visitor_id(SECRET)
KEY = "sk-canary-of-a-comparison-77"


@asynccontextmanager
async def comparing(catalog: Catalog, sandbox: str, folder: Path) -> AsyncIterator[Playground]:
    """The playground of an application whose data lie in ``folder``, with the sandbox in the place of the service."""
    end = catalog.endpoint
    service = Account("service", end.base_url, end.create, end.status, "")
    drawing = Account("sandbox", sandbox, end.create, end.status, "sandbox", pace=50)
    async with (
        httpx2.AsyncClient(trust_env=False, transport=Pools()) as upstream,
        httpx2.AsyncClient(trust_env=False) as downloads,
        records(folder) as store,
    ):
        runner = JobService(
            catalog,
            store,
            ApiClient(upstream),
            PictureLibrary(FolderStorage(folder / "pictures"), downloads),
            JobOptions(deadline_s=30),
        )
        comparisons = ComparisonService(catalog, runner, ComparisonStore(store.transactions))
        yield Playground(catalog, runner, service, drawing, sandbox, comparisons)
        await runner.aclose()


async def compared(
    playground: Playground, *models: str | Choice, samples: int = 1, paid: bool = True, **shared: Any
) -> Comparison:
    """Ann's comparison after its end; ``paid`` on her own key, else as drawings of the sandbox."""
    account = replace(playground.sandbox, payer="visitor", key=KEY) if paid else playground.sandbox
    choices = [model if isinstance(model, Choice) else Choice(model) for model in models]
    batch = await playground.comparisons.start(choices, {"prompt": "a red kite", **shared}, samples, account, ANN)
    for card in batch.cards:
        if card.job:
            await playground.jobs.settled(card.job, ANN)
    return batch


class Reader(HTMLParser):
    """A page as a browser reads it: its tags with their attributes, and the text of each element by its class."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._inside: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not self._inside or self._inside[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        """Everything that can be read, as one line."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def meta(self, name: str) -> str:
        """The content of a ``meta`` element; fails where there is not exactly one."""
        (found,) = [tag["content"] for tag in self.all("meta") if name in (tag.get("name"), tag.get("property"))]
        return found

    def inert(self) -> None:
        """Nothing runs, nothing but the page's own pictures and links leads anywhere."""
        assert not {name for name, _ in self.tags} & {"script", "iframe", "object", "embed", "svg", "form", "base", "link"}
        assert not [name for _, attributes in self.tags for name in attributes if name.startswith("on")]
        assert len(self.all("style")) == 1
