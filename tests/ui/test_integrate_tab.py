"""Which model the Integrate tab describes: that of Generate, until an address or a visitor asks for another one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ui import App
from tests.ui.pages import OpenPage

FORM = "?model=flux-2&prompt=a+fox"


@pytest.fixture
def page(app: App) -> Iterator[OpenPage]:
    page = OpenPage(app, "a-secret-of-somebody-0123456789", "?tab=integrate&model=recraft-v4", form_before=FORM)
    yield page
    page.close()


def described(updates: dict[str, object]) -> str:
    return str(updates["integrate"])


def test_an_address_of_the_tab_is_not_undone_by_the_form_that_is_filled_again(page: OpenPage) -> None:
    """The form's own model is reported as a change once its tab is drawn, which may be later."""
    assert page.opened["model"] == "flux-2"
    assert "Recraft V4" in described(page.opened)
    assert "Flux 2" not in described(page.does("model", "change", model="flux-2"))


def test_another_model_in_generate_is_described(page: OpenPage) -> None:
    assert "Imagen 4" in described(page.does("model", "change", model="imagen-4"))
    assert "Flux 2" in described(page.does("model", "change", model="flux-2"))
