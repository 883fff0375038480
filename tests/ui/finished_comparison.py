"""A finished comparison, with jobs and pictures of the sandbox."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from components.comparisons.comparison import Comparison
from components.comparisons.plan import Choice
from components.playground import Playground, visitor_id

SECRET = "ann-of-the-comparisons-0123456789"
ANN = visitor_id(SECRET)
KEY = "sk-canary-of-a-comparison-77"


async def run_comparison(
    playground: Playground, *models: str | Choice, samples: int = 1, paid: bool = True, **shared: Any
) -> Comparison:
    """Run a comparison of Ann's until it ends; ``paid`` with her own key, else as drawings of the sandbox."""
    account = replace(playground.sandbox, payer="visitor", key=KEY) if paid else playground.sandbox
    choices = [model if isinstance(model, Choice) else Choice(model) for model in models]
    comparison = await playground.comparisons.start(choices, {"prompt": "a red kite", **shared}, samples, account, ANN)
    for card in comparison.cards:
        if card.job:
            await playground.jobs.settled(card.job, ANN)
    return comparison


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
        ours = {"class": "icon"}.items()
        names = {name for name, attributes in self.tags if name != "svg" or not ours <= attributes.items()}
        assert not names & {"script", "iframe", "object", "embed", "svg", "form", "base", "link"}
        assert not [name for _, attributes in self.tags for name in attributes if name.startswith("on")]
        assert len(self.all("style")) == 1
