"""The shipped catalog after a model has got another id."""

from __future__ import annotations

from components.catalog.loading import parse_catalog
from components.catalog.models import Catalog
from tests.conftest import ROOT


def renamed(former: str, now: str) -> Catalog:
    """The model ``former`` is called ``now``; its former id is an alias."""
    text, entry = (ROOT / "catalog.yaml").read_text(encoding="utf-8"), f"  - id: {former}\n"
    assert entry in text
    return parse_catalog(text.replace(entry, f"  - id: {now}\n    aliases: [{former}]\n"))
