"""What the Integrate tab tells: everything of the catalog, and nothing that the catalog does not say."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from components.catalog.models import Catalog, Endpoint, Model
from components.catalog.parameters import Role
from components.catalog.prices import credits_text, price_list, tiers, usd_text
from components.catalog.service_pages import ExampleReply, ServicePages, Statement
from components.views.integration import CALLBACK_EXAMPLE, decision, integration
from components.views.models.purposes import PURPOSES
from components.views.templates import render
from tests.views.html import parse_inert

SECTIONS = [
    "example", "replies", "contract", "parameters", "tiers", "runtime", "flow", "callback", "errors", "capabilities",
    "use_cases", "faq", "contradictions", "unknown", "decision", "others", "highlights", "sources",
]  # fmt: skip


def sections(page: str) -> dict[str, str]:
    """What can be read in each section of the page, as one line; the part above the first one is ``header``."""
    parts = re.split(r'<h3 id="integrate-(\w+)" tabindex="-1">', page)
    texts = [" ".join(html.unescape(re.sub("<[^>]+>", " ", part)).split()) for part in parts[::2]]
    return dict(zip(["header", *parts[1::2]], texts, strict=True))


def reply_texts(*replies: ExampleReply | None) -> list[str]:
    """An example reply as it is printed, its source and its note."""
    printed = [(" ".join(json.dumps(one.body, ensure_ascii=False, indent=2).split()), one) for one in replies if one]
    return [text for body, one in printed for text in (body, one.source, one.title, one.note)]


def statement_texts(statements: Iterable[Statement]) -> list[str]:
    return [text for item in statements for text in (item.title, item.text)]


Shown = tuple[str, Callable[[Catalog, Model], Iterable[str]]]
# field of an entry -> the section that tells it, and the texts that stand there
ENTRY: dict[str, Shown] = {
    "id": ("contract", lambda catalog, model: model.variants or (model.id,)),
    "aliases": ("contract", lambda catalog, model: model.aliases),
    "variant_aliases": ("contract", lambda catalog, model: [*model.variant_aliases, *model.variant_aliases.values()]),
    "name": ("header", lambda catalog, model: [model.name]),
    "provider": ("header", lambda catalog, model: [model.provider]),
    "icon": ("header", lambda catalog, model: []),  # a drawing, tests/views/test_icons.py
    "node": ("contract", lambda catalog, model: [model.node or "Not stated"]),
    "runtime": ("runtime", lambda catalog, model: ["creates a task and returns its task_id"]),
    "webhook": ("contract", lambda catalog, model: ["Webhook Supported" if model.webhook else "Webhook Not required"]),
    "inputs": ("contract", lambda catalog, model: [" + ".join(model.inputs)]),
    "output": ("contract", lambda catalog, model: [f"→ {model.output}"]),
    "seconds": ("runtime", lambda catalog, model: [f"{low:g}–{high:g} s" for low, high in [model.seconds or (0, 0)]]),
    "source": ("header", lambda catalog, model: [model.source]),
    "checked_on": ("header", lambda catalog, model: [f"read from a stored copy on {model.checked_on}"]),
    "source_dated": ("header", lambda catalog, model: ["the page's own date is unknown"]),
    "description": ("header", lambda catalog, model: [model.description]),
    "good_for": ("use_cases", lambda catalog, model: [PURPOSES[purpose] for purpose in model.good_for]),
    "price": ("tiers", lambda catalog, model: [
        f"{tier.label or 'any settings'} {credits_text(tier.credits)} {usd_text(catalog.usd(tier.credits))} {model.priced_per}"
        for tier in tiers(model)
    ]),
    "price_note": ("tiers", lambda catalog, model: [model.price_note]),
    "example": ("example", lambda catalog, model: [
        f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in model.example.items()
    ]),
    "reply": ("replies", lambda catalog, model: reply_texts(model.reply)),
    "capabilities": ("capabilities", lambda catalog, model: model.capabilities),
    "use_cases": ("use_cases", lambda catalog, model: model.use_cases or ["could not be read"]),
    "faq": ("faq", lambda catalog, model: [text for item in model.faq for text in (item.question, item.answer)]),
    "contradictions": ("contradictions", lambda catalog, model: model.contradictions),
    "unknown": ("unknown", lambda catalog, model: model.unknown),
    "body_schema": ("parameters", lambda catalog, model: [
        f"{'' if field.default is None else field.default} " for field in model.parameters.values()
    ] + [f"{name} {field.type_text.removeprefix('a ')}" for name, field in model.parameters.items()]
      + [field.description for field in model.parameters.values()]),
}  # fmt: skip
ELSEWHERE = {"prompts", "upscale", "status", "retires_on", "replaced_by"}  # in Generate, and in a test of its own below
SERVICE: dict[str, Shown] = {
    "highlights": ("highlights", lambda catalog, model: statement_texts(catalog.service.highlights)),
    "flow": ("flow", lambda catalog, model: statement_texts(catalog.service.flow)),
    "billing": ("errors", lambda catalog, model: statement_texts(catalog.service.billing)),
    "task_replies": ("replies", lambda catalog, model: reply_texts(*catalog.service.task_replies)),
    "error_reply": ("errors", lambda catalog, model: reply_texts(catalog.service.error_reply)),
    "errors": ("errors", lambda catalog, model: [
        " ".join(f"{one.status} {one.type} {one.meaning} {one.charge} {one.source or 'our reading'}".split())
        for one in catalog.service.errors
    ]),
    "contradictions": ("contradictions", lambda catalog, model: catalog.service.contradictions),
    "unknown": ("unknown", lambda catalog, model: catalog.service.unknown),
    "checked_on": ("sources", lambda catalog, model: [f"read from a stored copy on {catalog.service.checked_on}"]),
    "source_dated": ("sources", lambda catalog, model: [*catalog.service.sources, "the page's own date is unknown"]),
}  # fmt: skip
ENDPOINT: dict[str, Shown] = {
    "base_url": ("contract", lambda catalog, model: ["Base URL https://apiin.one"]),
    "create": ("contract", lambda catalog, model: ["POST /api/v1/images/generations"]),
    "status": ("contract", lambda catalog, model: ["GET /api/v1/tasks/{task_id}"]),
    "billing": ("contract", lambda catalog, model: ["Billing path /billing/credits"]),
    "key_prefix": ("contract", lambda catalog, model: ["Authorization: Bearer <API key>", "Keys begin with aio_"]),
    "usd_per_credit": ("tiers", lambda catalog, model: [f"1 credit is {usd_text(catalog.endpoint.usd_per_credit)}."]),
}


def test_the_page_of_a_model_holds_every_fact_of_its_entry_and_of_the_service(catalog: Catalog) -> None:
    assert set(ENTRY) | ELSEWHERE == set(Model.model_fields), "a new field of the catalog is shown on the page, too"
    assert set(SERVICE) == set(ServicePages.model_fields)
    assert set(ENDPOINT) == set(Endpoint.model_fields)
    for model in catalog.models:
        shown = sections(render("integrate", **integration(catalog, model)))
        for table in (ENTRY, SERVICE, ENDPOINT):
            for field, (section, texts) in table.items():
                missing = [text for text in texts(catalog, model) if " ".join(text.split()) not in shown[section]]
                assert missing == [], (model.id, field)
        assert list(shown) == ["header", *(name for name in SECTIONS if name in shown)]
        assert next(iter(list(shown)[1:])) == "example", "the request comes first"


def test_the_index_leads_to_every_section_in_order(catalog: Catalog) -> None:
    for model in catalog.models:
        page = parse_inert(render("integrate", **integration(catalog, model)))
        ids = [name for name in page.values("id") if name.startswith("integrate-")]

        assert [link for link in page.values("href") if link.startswith("#")] == [f"#{name}" for name in ids]
        assert len(ids) == len(SECTIONS)
        assert set(catalog.service.sources) <= set(page.values("href"))


def test_a_section_without_content_is_left_out_with_its_line_in_the_index(catalog: Catalog) -> None:
    """A catalog of another service may say nothing beyond its models."""
    bare = catalog.model_copy(update={"service": ServicePages()})
    silent = {"example": {}, "reply": None, "capabilities": (), "contradictions": (), "unknown": ()}
    page = render("integrate", **integration(bare, catalog.first.model_copy(update=silent)))

    gone = {"example", "replies", "flow", "errors", "highlights", "capabilities", "contradictions", "unknown"}
    assert set(sections(page)) == {"header", *SECTIONS} - gone
    assert page.count('href="#') == len(SECTIONS) - len(gone)


def test_a_deprecated_or_retired_model_says_so_and_a_dated_page_its_date(catalog: Catalog) -> None:
    changes: list[tuple[dict[str, Any], str]] = [
        ({"status": "deprecated", "retires_on": date(2027, 1, 31), "replaced_by": "flux-2"},
         "Deprecated; it will be retired on 2027-01-31. flux-2 replaces it."),
        ({"status": "retired"}, "Retired."),
        ({"source_dated": date(2026, 2, 24)}, "; the page is dated 2026-02-24"),
    ]  # fmt: skip
    for update, words in changes:
        model = catalog.first.model_copy(update=update)
        header = sections(render("integrate", **integration(catalog, model)))["header"]
        assert words in header


def test_every_parameter_is_listed_with_its_rules(catalog: Catalog) -> None:
    """In the catalog's order, with need, default and what is allowed."""
    conditional = {
        ("hunyuan-image-3", "images"): "required when type is edit",
        ("seedream-4-5", "image_urls"): "required when model is seedream/4.5-edit",
    }
    for model in catalog.models:
        listed = integration(catalog, model)["parameters"]

        assert list(listed) == list(model.parameters)
        for name, (field, needed, allowed) in listed.items():
            need = "required" if name in model.required else conditional.get((model.id, name), "optional")
            assert needed == need
            for value in (*(field.enum or ()), *field.examples):
                assert str(value) in allowed
            for limit in (field.max_length, field.max_items, field.maximum):
                assert limit is None or f"{limit:,.10g}" in allowed


def test_a_callback_is_told_of_where_the_service_offers_one(catalog: Catalog) -> None:
    """As a request that is whole and right; elsewhere the page says to poll, and shows no callback field."""
    for model in catalog.models:
        shown = integration(catalog, model)
        section = sections(render("integrate", **shown))["callback"]
        request = shown["callback"]["request"]

        assert bool(request) == model.webhook == (CALLBACK_EXAMPLE in section)
        assert ("not required" in section) == (not model.webhook)
        if model.webhook:
            head, _, body = request.partition("\n\n")
            sent = json.loads(body)
            assert sent.pop("callback_url") == CALLBACK_EXAMPLE
            assert sent["model"] in (model.variants or (model.id,))
            assert set(sent) - {"model"} <= set(model.parameters)
            assert head.splitlines()[:2] == ["POST /api/v1/images/generations HTTP/1.1", "Host: apiin.one"]
            assert "Bearer $API_IN_ONE_KEY" in head


def test_cost_input_images_and_shapes_are_each_asked_once_and_answered_by_the_catalog(catalog: Catalog) -> None:
    for model in catalog.models:
        questions = dict(integration(catalog, model)["faq"])
        answers = " ".join(questions.values())

        assert len(questions) >= 2
        assert any("cost" in question.lower() for question in questions)
        for tier in tiers(model):
            assert re.search(rf"\b{tier.credits:g}\b", answers)
        images, shape = model.by_role(Role.IMAGES), model.by_role(Role.SHAPE)
        on_images = [answer for question, answer in questions.items() if re.search("(input|edit) images", question)]
        assert len(on_images) == 1
        assert on_images[0].startswith("Yes") == (images is not None)
        assert (images or "") in on_images[0]
        shapes = [answer for question, answer in questions.items() if "hapes" in question or "ratios" in question]
        assert len(shapes) == (1 if shape else 0)
        if shape:
            field = model.parameters[shape]
            assert [value for value in (*(field.enum or ()), *field.examples) if str(value) not in shapes[0]] == []


def test_the_other_models_are_linked_in_this_tab_with_base_price_and_range(catalog: Catalog) -> None:
    for model in catalog.models:
        page = render("integrate", **integration(catalog, model))
        others = [row for row in price_list(catalog) if row.model.id != model.id]

        assert re.findall(r'href="\?model=([^"&]+)&amp;tab=integrate"', page) == [row.model.id for row in others]
        listed = sections(page)["others"]
        assert [row.model.id for row in others if f"{row.base}" not in listed] == []
        assert model.id == "recraft-v4" or "10–70 credits · $0.10–$0.70" in listed


def test_the_decision_spans_the_cheapest_and_the_dearest_setting_of_all_models(catalog: Catalog) -> None:
    shown = decision(catalog)

    assert shown["count"] == 11
    assert shown["cheapest"] == "CogView 4, 4 credits · $0.04"
    assert shown["dearest"] == "Recraft V4, 70 credits · $0.70"
    assert (dict(shown["providers"])["Ideogram"], dict(shown["providers"])["WaveSpeed"]) == (2, 3)
    assert len(shown["callback"]) + len(shown["poll_only"]) == 11
    assert set(shown["callback"]) == {model.name for model in catalog.models if model.webhook}


def test_nothing_of_a_catalog_is_taken_for_html(catalog: Catalog) -> None:
    reply = ExampleReply(source="<b>", body={"<b>": "<script>"}, note="<script>")
    model = catalog.first.model_copy(
        update={"description": "<script>alert(1)</script>", "capabilities": ("${x}", "<b>"), "reply": reply}
    )

    page = parse_inert(render("integrate", **integration(catalog, model)))

    assert "b" not in {tag for tag, _ in page.tags}
