"""HTML as a browser reads it, and texts that try to become markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from components.pictures.stored import StoredPicture

HOSTILE = "<img src=x onerror=alert(1)> \"'>&amp;${alert(1)}{{x}}</script><script>alert(2)</script>"
PICTURE = StoredPicture("a" * 64 + ".png", 1024, 1024, "png", 5000, "https://cdn.example/a.png")
VOID = ("img", "br", "hr", "meta", "input", "link")


class Page(HTMLParser):
    """Tags with their attributes and all texts; fails unless every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.texts.append(data)

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute, in order."""
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]

    @property
    def text(self) -> str:
        """Everything that can be read, as one line."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of this kind."""
        return [attributes for name, attributes in self.tags if name == tag]

    def meta(self, name: str) -> str:
        """The content of a ``meta`` element; fails where there is not exactly one."""
        (found,) = [tag["content"] for tag in self.all("meta") if name in (tag.get("name"), tag.get("property"))]
        return found


class ReportPage(Page):
    """A report or a published page."""

    def assert_inert(self) -> None:
        """Nothing runs or loads, apart from the page's own style, icons, pictures and links."""
        icon = {"class": "icon"}.items()
        names = {name for name, attributes in self.tags if name != "svg" or not icon <= attributes.items()}
        assert not names & {"script", "iframe", "object", "embed", "svg", "form", "base", "link"}
        assert not [name for _, attributes in self.tags for name in attributes if name.startswith("on")]
        assert len(self.all("style")) == 1


def parse_inert(html: str) -> Page:
    """The page, after a check that nothing in it runs and no link leaves the application's path prefix."""
    page = Page(html)
    ours = ("icon", "frontier")  # the drawings of templates/icons, and the line of the chart
    tags = {tag for tag, attributes in page.tags if tag != "svg" or attributes.get("class") not in ours}
    assert not tags & {"script", "iframe", "object", "svg", "style"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert not [link for name in ("href", "src", "data-zoom") for link in page.values(name) if link.startswith("/")]
    return page


def without_signature(link: str) -> str:
    """A link without its proof of the visitor, which each process writes differently."""
    return re.sub(r"[?&]by=[\w-]+\.[0-9a-f]{32}", "", link)
