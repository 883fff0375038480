"""The form of a published comparison whose prompt is too long for a link."""

from __future__ import annotations

from pathlib import Path

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.ui.compare.tab import follow
from tests.ui.page_session import PageSession, open_playground


async def test_a_link_to_an_unpublished_comparison_says_what_is_missing_until_a_prompt_is_typed(
    catalog: Catalog, tmp_path: Path, sandbox: str
) -> None:
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        page = PageSession(playground, "a-secret-of-somebody-0123456789")
        await page.arrive("tab=compare&models=flux-2&published=taken-back")
        compare, prompt = page.parts.compare, page.parts.compare.form.roles[Role.PROMPT]
        assert "no longer published" in page.values[compare.error]
        assert not page.values[prompt]
        page.values[prompt] = "one of my own"
        await page.call(follow, compare)
        assert not page.values[compare.error]
