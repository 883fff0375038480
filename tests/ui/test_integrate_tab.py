"""Which model the Integrate tab describes: that of Generate, until an address or a visitor asks for another one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from components.catalog.models import Catalog
from components.ui.integrate.tab import choose_model, follow_generate
from tests.ui.page_session import PageSession, open_playground


@pytest.fixture
async def page(catalog: Catalog, tmp_path: Path, sandbox: str) -> AsyncIterator[PageSession]:
    """The tab's own address, opened over a form from before a reload."""
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        page = PageSession(playground, "a-secret-of-somebody-0123456789")
        page.values[page.parts.remembered] = "?model=flux-2&prompt=a+fox"
        await page.arrive("tab=integrate&model=recraft-v4")
        yield page


async def follow(page: PageSession, model: str) -> str:
    """What is described after Generate has reported this model."""
    tab = page.parts.integrate
    await page.call(follow_generate, tab, generated=model, before=page.values[tab.generated])
    return str(page.values[tab.page])


async def test_an_address_of_the_tab_is_not_undone_by_the_form_that_is_filled_again(page: PageSession) -> None:
    """The form's own model is reported as a change once its tab is drawn, which may be later."""
    assert page.values[page.parts.generate.model] == "flux-2"
    assert page.values[page.parts.generate.prompt] == "a fox"
    assert "?model=recraft-v4" in await follow(page, "flux-2")


async def test_another_model_in_generate_is_described_and_one_that_is_chosen_here(page: PageSession) -> None:
    assert "?model=imagen-4" in await follow(page, "imagen-4")
    page.values[page.parts.integrate.model] = "cogview-4"
    await page.call(choose_model, page.parts.integrate)
    assert 'data-query="?model=cogview-4"' in page.values[page.parts.integrate.page]
    assert "?model=flux-2" in await follow(page, "flux-2")
