"""The Integrate tab: for every model its contract, fields, prices and behaviour, from the catalog."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from components.catalog.models import Catalog, Model
from components.catalog.prices import credits_text, tiers, usd_text
from tests.browser.conftest import OpenPage, Playground, pick_model


def test_every_model_has_its_contract_fields_prices_and_callback(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    page = _open(open_page, app)
    for model in catalog.models:
        _choose(page, model)
        article = page.locator("#integrate article")
        expect(article).to_contain_text(model.description)
        contract = article.locator("dl.contract").first.inner_text()
        for part in (
            catalog.endpoint.base_url,
            f"POST {catalog.endpoint.create}",
            "Authorization: Bearer",
            f"GET {catalog.endpoint.status}",
            catalog.endpoint.billing,
            *(model.variants or (model.id,)),
        ):
            assert part in contract
        rows = _section(page, "Parameters").locator("tbody tr")
        expect(rows.locator("td:first-child")).to_have_text(list(model.parameters))
        needs = rows.locator("td:nth-child(3)").all_inner_texts()
        assert [name for name, need in zip(model.parameters, needs, strict=True) if need == "required"] == list(
            model.required
        )
        allowed = rows.locator("td:nth-child(5)").all_inner_texts()
        for text, item in zip(allowed, model.parameters.values(), strict=True):
            assert text.startswith(", ".join(map(str, item.enum or item.examples)))
        price_tiers = [(tier.label or "any settings", tier.credits) for tier in tiers(model)]
        prices = _section(page, "Price").locator("tbody tr")
        expect(prices.locator("td:nth-child(1)")).to_have_text([label for label, _ in price_tiers])
        expect(prices.locator("td:nth-child(2)")).to_have_text([credits_text(credits) for _, credits in price_tiers])
        expect(prices.locator("td:nth-child(3)")).to_have_text(
            [usd_text(catalog.usd(credits)) for _, credits in price_tiers]
        )
        callback = _section(page, "Callback").locator("pre")
        expect(callback).to_have_count(1 if model.webhook else 0)
        if model.webhook:
            expect(callback).to_contain_text('"callback_url": "https://your-app.example/callbacks/pictures"')
        else:
            expect(_section(page, "Callback")).to_contain_text("not required for this model")
        expect(_section(page, "Other models on this endpoint").locator("tbody tr")).to_have_count(len(catalog.models) - 1)


def test_the_tab_follows_generate_and_leads_to_the_other_models(
    open_page: OpenPage, app: Playground, catalog: Catalog
) -> None:
    page = open_page(app.address)
    model = catalog.find("ideogram-v4")
    assert model
    pick_model(page, model)
    page.get_by_role("tab", name="Integrate").click()
    expect(page.locator("#integrate h2")).to_contain_text(model.name)
    expect(page.locator("#integrate-chosen strong")).to_have_text(model.name)
    page.locator("#integrate").get_by_role("link", name="Hunyuan Image 3").click()
    expect(page.get_by_role("tab", name="Integrate")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#integrate h2")).to_contain_text("Hunyuan Image 3")
    page.get_by_role("button", name="Try it in Generate").click()
    hunyuan = catalog.find("hunyuan-image-3")
    assert hunyuan
    expect(page.locator("#prompt textarea")).to_have_value(hunyuan.example["prompt"])
    expect(page.locator("#result [data-state=Example]")).to_be_visible()
    expect(page.get_by_role("tab", name="Generate")).to_be_focused()


def test_the_index_scrolls_to_a_section_and_stays_on_the_page(open_page: OpenPage, app: Playground) -> None:
    page = _open(open_page, app)
    address = page.url
    heading = page.locator("#integrate-errors")
    expect(heading).not_to_be_in_viewport()
    page.locator("#integrate nav").get_by_role("link", name="Errors, and what to do").click()
    expect(heading).to_be_in_viewport()
    expect(heading).to_be_focused()
    assert page.url == address


def _open(open_page: OpenPage, app: Playground) -> Page:
    page = open_page(app.address)
    page.get_by_role("tab", name="Integrate").click()
    expect(page.locator("#integrate article")).to_be_visible()
    return page


def _choose(page: Page, model: Model) -> None:
    page.locator("#integrate-chosen [data-picker]").click()
    page.locator(f'#picker-one [data-value="{model.id}"]').click()
    expect(page.locator("#integrate h2")).to_contain_text(model.name)


def _section(page: Page, title: str) -> Locator:
    return page.locator("#integrate section").filter(has=page.get_by_role("heading", name=title, exact=True))
