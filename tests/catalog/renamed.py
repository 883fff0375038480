"""The shipped catalog after a model was given another id."""

from __future__ import annotations

from components.catalog.loading import parse_catalog
from components.catalog.models import Catalog
from tests.conftest import ROOT


def catalog_with_renamed(former_id: str, new_id: str) -> Catalog:
    """The model's former id is an alias of its new one."""
    text, entry = (ROOT / "catalog.yaml").read_text(encoding="utf-8"), f"  - id: {former_id}\n"
    assert entry in text
    return parse_catalog(text.replace(entry, f"  - id: {new_id}\n    aliases: [{former_id}]\n"))
