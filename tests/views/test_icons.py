"""The drawings beside the names of models, for which no font of emoji is needed."""

from __future__ import annotations

import re

from components.catalog.models import Catalog
from components.views.templates import icon
from tests.conftest import ROOT

EMOJI = re.compile("[\U0001f000-\U0001faff\u231a-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe0f]")


def test_every_model_has_a_drawing_of_its_own(catalog: Catalog) -> None:
    drawings = [icon(model.icon) for model in catalog.models]

    assert len({*drawings, icon("")}) == len(catalog.models) + 1


def test_a_name_without_a_drawing_has_the_plain_picture() -> None:
    assert icon("no-such-drawing") == icon("")
    assert 'aria-hidden="true"' in icon("")


def test_no_text_of_the_product_needs_a_font_of_emoji() -> None:
    files = [ROOT / "catalog.yaml", *(ROOT / "components").rglob("*.*")]
    texts = {
        path: path.read_text(encoding="utf-8") for path in files if path.suffix in (".py", ".js", ".css", ".html", ".yaml")
    }

    assert len(texts) > 300
    assert {path.name: found for path, text in texts.items() if (found := EMOJI.findall(text))} == {}
