"""The drawings beside the names of models."""

from __future__ import annotations

from components.catalog.models import Catalog
from components.views.templates import icon


def test_every_model_has_a_drawing_of_its_own(catalog: Catalog) -> None:
    drawings = [icon(model.icon) for model in catalog.models]

    assert len({*drawings, icon("")}) == len(catalog.models) + 1


def test_a_name_without_a_drawing_has_the_plain_picture() -> None:
    assert icon("no-such-drawing") == icon("")
    assert 'aria-hidden="true"' in icon("")
