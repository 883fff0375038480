"""What the Integrate tab tells: everything of the catalog, and nothing that the catalog does not say."""

from __future__ import annotations

import json
import re

from components.catalog.models import Catalog
from components.catalog.parameters import Role
from components.catalog.prices import price_list, tiers
from components.catalog.service import Service
from components.views.integration import CALLBACK_EXAMPLE, decision, integration
from components.views.templates import render
from tests.views.html import Page


def test_the_contract_names_the_routes_of_the_catalog(catalog: Catalog) -> None:
    """Base address, both routes, the header, what the model field holds, and the billing path as a path."""
    for model in catalog.models:
        told = integration(catalog, model)
        contract = {name: value for name, value, _ in told["contract"]}

        assert contract["Base URL"] == "https://apiin.one"
        assert contract["Create"] == "POST /api/v1/images/generations"
        assert contract["Result path"] == "GET /api/v1/tasks/{task_id}"
        assert contract["Authorization"] == "Authorization: Bearer <API key>"
        assert contract["Billing path"] == "/billing/credits"
        assert set(contract["Model field"].split(" or ")) == set(model.variants or [model.id])


def test_every_parameter_is_listed_with_its_rules(catalog: Catalog) -> None:
    """In the catalog's order, with need, default and what is allowed."""
    for model in catalog.models:
        listed = {item["name"]: item for item in integration(catalog, model)["parameters"]}

        assert list(listed) == list(model.parameters)
        for name, field in model.parameters.items():
            item = listed[name]
            assert (item["need"] == "required") == (name in model.required)
            assert item["default"] == ("" if field.default is None else str(field.default))
            assert item["description"] == field.description
            assert item["type"]
            for value in (*(field.enum or ()), *field.examples):
                assert str(value) in item["allowed"]
            for limit in (field.max_length, field.max_items, field.maximum):
                assert limit is None or f"{limit:,.10g}" in item["allowed"]


def test_a_field_that_another_one_demands_says_so(catalog: Catalog) -> None:
    """The two conditions that the service states."""
    for name, field, words in (
        ("hunyuan-image-3", "images", "required when type is edit"),
        ("seedream-4-5", "image_urls", "required when model is seedream/4.5-edit"),
    ):
        model = catalog.find(name)
        assert model is not None
        listed = {item["name"]: item["need"] for item in integration(catalog, model)["parameters"]}
        assert listed[field] == words
        assert set(listed.values()) == {"required", "optional", words}


def test_every_price_is_told(catalog: Catalog) -> None:
    """One line a tier, per request or per image as the price list has it."""
    for model in catalog.models:
        told = integration(catalog, model)["tiers"]

        assert [item["credits"].split()[0] for item in told] == [f"{tier.credits:g}" for tier in tiers(model)]
        assert {item["per"] for item in told} == {model.priced_per}
        assert [item["usd"] for item in told] == [f"${tier.credits / 100:.2f}" for tier in tiers(model)]


def test_a_callback_is_told_of_where_the_service_offers_one(catalog: Catalog) -> None:
    """As a request that is whole and right; elsewhere the page says to poll, and shows no callback field."""
    for model in catalog.models:
        told = integration(catalog, model)
        page = render("integrate", **told)

        assert bool(told["callback"]) == model.webhook
        assert (CALLBACK_EXAMPLE in page) == model.webhook == ("&#34;callback_url&#34;" in page)
        assert ("not required" in page) == (not model.webhook)
        if model.webhook:
            head, _, body = told["callback"].partition("\n\n")
            sent = json.loads(body)
            assert sent.pop("callback_url") == CALLBACK_EXAMPLE
            assert sent["model"] in (model.variants or (model.id,))
            assert set(sent) - {"model"} <= set(model.parameters)
            assert head.splitlines()[:2] == ["POST /api/v1/images/generations HTTP/1.1", "Host: apiin.one"]
            assert "Bearer $API_IN_ONE_KEY" in head


def test_the_questions_are_answered_by_facts(catalog: Catalog) -> None:
    """Cost, input pictures and shapes for every model, each once, with the catalog's own numbers."""
    for model in catalog.models:
        told = integration(catalog, model)
        questions = [question for question, _ in told["faq"]]
        answers = " ".join(answer for _, answer in told["faq"])

        assert len(set(questions)) == len(questions) >= 2
        assert any("cost" in question.lower() for question in questions)
        for tier in tiers(model):
            assert re.search(rf"\b{tier.credits:g}\b", answers)
        images = model.by_role(Role.IMAGES)
        asked = [answer for question, answer in told["faq"] if "input images" in question or "edit images" in question]
        assert len(asked) == 1
        assert asked[0].startswith("Yes") == (images is not None)
        assert images is None or images in asked[0]
        shape = model.by_role(Role.SHAPE)
        shapes = [answer for question, answer in told["faq"] if "hapes" in question or "ratios" in question]
        assert len(shapes) == (1 if shape else 0)
        if shape:
            field = model.parameters[shape]
            assert [value for value in (*(field.enum or ()), *field.examples) if str(value) not in shapes[0]] == []


def test_the_page_links_to_every_other_model(catalog: Catalog) -> None:
    """By the address that opens it in this very tab."""
    for model in catalog.models:
        page = render("integrate", **integration(catalog, model))
        linked = re.findall(r'href="\?model=([^"&]+)&amp;tab=integrate"', page)

        assert linked == [row.model.id for row in price_list(catalog) if row.model.id != model.id]
        assert model.source in page
        assert str(model.checked_on) in page
        assert all(
            item in page.replace("&#39;", "'").replace("&amp;", "&") for item in (*model.capabilities, *model.unknown)
        )


def test_what_the_services_pages_say_is_shown_with_its_source(catalog: Catalog) -> None:
    """Statements, replies, errors, contradictions and what is not stated; an error without a source is our reading."""
    service = catalog.service
    for model in catalog.models:
        html = render("integrate", **integration(catalog, model))
        page = Page(html)
        statements = (*service.highlights, *service.flow, *service.billing, *service.task_replies)
        sources = [one.source for one in (*statements, *service.errors) if one.source]
        assert [source for source in sources if source not in page.values("href")] == []
        texts = [one.text for one in (*service.highlights, *service.flow, *service.billing)]
        texts += [error.meaning for error in service.errors]
        texts += [*model.contradictions, *service.contradictions, *model.unknown, *service.unknown]
        assert [text for text in texts if " ".join(text.split()) not in page.text] == []
        assert page.text.count("our reading") == sum(not error.source for error in service.errors) + 1
        assert model.reply is None or json.dumps(model.reply.body, indent=2, ensure_ascii=False) in page.texts
    bare = catalog.model_copy(update={"service": Service()})
    assert "our reading" not in Page(render("integrate", **integration(bare, catalog.first))).texts


def test_the_decision_counts_what_the_catalog_holds(catalog: Catalog) -> None:
    """Cheapest, dearest, makers, and who calls back."""
    told = decision(catalog)

    assert told["count"] == 11
    assert told["cheapest"] == "CogView 4, 4 credits · $0.04"
    assert told["dearest"] == "Hunyuan Image 3, 25 credits · $0.25"
    assert dict(told["providers"])["Ideogram"] == 2
    assert dict(told["providers"])["WaveSpeed"] == 3
    assert len(told["callback"]) + len(told["poll_only"]) == 11
    assert set(told["callback"]) == {model.name for model in catalog.models if model.webhook}


def test_nothing_of_a_catalog_is_taken_for_html(catalog: Catalog) -> None:
    """A description is text, whatever stands in it."""
    model = catalog.first.model_copy(update={"description": "<script>alert(1)</script>", "capabilities": ("${x}", "<b>")})

    page = render("integrate", **integration(catalog, model))

    assert "<script" not in page
    assert "<b>" not in page
