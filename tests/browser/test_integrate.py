"""The Integrate tab: it follows Generate, leads to the other models, and its index to its sections."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from components.catalog.models import Catalog, Model
from components.catalog.prices import credits_text, tiers, usd_text
from tests.browser.conftest import OpenPage, Playground, pick_model


def test_the_tab_describes_the_chosen_model_and_leads_to_its_sections_and_to_other_models(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    """With and without a callback. What it says of every model is tested without a browser."""
    page = open_page(app.address)
    ideogram, hunyuan = catalog.find("ideogram-v4"), catalog.find("hunyuan-image-3")
    pick_model(page, ideogram)
    page.get_by_role("tab", name="Integrate").click()
    expect(page.locator("#integrate h2")).to_contain_text(ideogram.name)
    expect(page.locator("#integrate-chosen strong")).to_have_text(ideogram.name)
    _index_scrolls_to_a_section_and_stays_on_the_page(page)
    described = (next(model for model in catalog.models if model.webhook), next(m for m in catalog.models if not m.webhook))
    for model in described:
        _choose(page, model)
        _expect_contract_fields_prices_and_callback(page, catalog, model)
    page.locator("#integrate").get_by_role("link", name=hunyuan.name).click()
    expect(page.get_by_role("tab", name="Integrate")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#integrate h2")).to_contain_text(hunyuan.name)
    page.get_by_role("button", name="Try it in Generate").click()
    expect(page.locator("#prompt textarea")).to_have_value(hunyuan.example["prompt"])
    expect(page.locator("#result [data-state=Example]")).to_be_visible()
    expect(page.get_by_role("tab", name="Generate")).to_be_focused()


def _index_scrolls_to_a_section_and_stays_on_the_page(page: Page) -> None:
    address = page.url
    heading = page.locator("#integrate-errors")
    expect(heading).not_to_be_in_viewport()
    page.locator("#integrate nav").get_by_role("link", name="Errors, and what to do").click()
    expect(heading).to_be_in_viewport()
    expect(heading).to_be_focused()
    assert page.url == address


def _expect_contract_fields_prices_and_callback(page: Page, catalog: Catalog, model: Model) -> None:
    article = page.locator("#integrate article")
    expect(article).to_contain_text(model.description)
    contract = article.locator("dl.contract").first
    for part in (f"POST {catalog.endpoint.create}", catalog.endpoint.billing, *(model.variants or (model.id,))):
        expect(contract).to_contain_text(part)
    rows = _section(page, "Parameters").locator("tbody tr")
    expect(rows.locator("td:first-child")).to_have_text(list(model.parameters))
    needed = rows.filter(has=page.locator("td:nth-child(3)", has_text=re.compile(r"^\s*required\s*$")))
    expect(needed.locator("td:first-child")).to_have_text(list(model.required))
    prices = _section(page, "Price").locator("tbody tr")
    expect(prices.locator("td:nth-child(1)")).to_have_text([tier.label or "any settings" for tier in tiers(model)])
    expect(prices.locator("td:nth-child(2)")).to_have_text([credits_text(tier.credits) for tier in tiers(model)])
    expect(prices.locator("td:nth-child(3)")).to_have_text([usd_text(catalog.usd(tier.credits)) for tier in tiers(model)])
    callback = _section(page, "Callback")
    expect(callback.locator("pre")).to_have_count(1 if model.webhook else 0)
    expect(callback).to_contain_text(
        '"callback_url": "https://your-app.' if model.webhook else "not required for this model"
    )
    expect(_section(page, "Other models on this endpoint").locator("tbody tr")).to_have_count(len(catalog.models) - 1)


def _choose(page: Page, model: Model) -> None:
    page.locator("#integrate-chosen [data-picker]").click()
    page.locator(f'#picker-one [data-value="{model.id}"]').click()
    expect(page.locator("#integrate h2")).to_contain_text(model.name)


def _section(page: Page, title: str) -> Locator:
    return page.locator("#integrate section").filter(has=page.get_by_role("heading", name=title, exact=True))
