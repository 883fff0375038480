"""The shipped catalog agrees with the service's public pages: the tables here were written by hand from those pages."""

from __future__ import annotations

import re
from typing import Any

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.prices import base_credits, price_list, tiers, usd_text

# id -> name, provider, node, webhook, inputs, base credits, seconds
MODELS: dict[str, tuple[str, str, str, bool, tuple[str, ...], int, tuple[int, int]]] = {
    "cogview-4": ("CogView 4", "Zhipu AI / WaveSpeed", "node48", False, ("text",), 4, (3, 8)),
    "flux-2": ("Flux 2", "Black Forest Labs", "node41", True, ("text", "image"), 5, (3, 8)),
    "grok-imagine": ("Grok Imagine", "xAI", "node31", True, ("text",), 5, (3, 10)),
    "kling-image-o1": ("Kling Image O1", "Kuaishou / WaveSpeed", "node49", False, ("text", "image"), 6, (5, 15)),
    "ideogram-v3": ("Ideogram V3", "Ideogram", "node63", False, ("text", "image"), 8, (3, 8)),
    "imagen-4": ("Imagen 4", "Google", "node47", True, ("text",), 8, (3, 8)),
    "gpt-image-1.5-official": ("GPT Image 1.5", "OpenAI", "node42", True, ("text", "image"), 10, (3, 10)),
    "recraft-v4": ("Recraft V4", "Recraft", "node78", False, ("text",), 10, (3, 8)),
    "ideogram-v4": ("Ideogram V4", "Ideogram", "node63", False, ("text",), 12, (3, 12)),
    "seedream-4-5": ("Seedream 4.5", "ByteDance / KIE", "node30", True, ("text", "image"), 12, (3, 10)),
    "hunyuan-image-3": ("Hunyuan Image 3", "Tencent / WaveSpeed", "node68", False, ("text", "image"), 25, (5, 15)),
}
TIERS: dict[str, dict[str, int]] = {
    "cogview-4": {"": 4},
    "flux-2": {"pro · 1K": 5, "pro · 2K": 7, "flex · 1K": 14, "flex · 2K": 24},
    "grok-imagine": {"grok-imagine/text-to-image": 5, "grok-imagine/upscale": 12},
    "kling-image-o1": {"image-to-image": 6, "ai-multi-shot": 16},
    "ideogram-v3": {"ideogram-v3-turbo": 8, "ideogram-v3-balanced": 13, "ideogram-v3-quality": 20},
    "imagen-4": {"imagen4-fast": 4, "imagen4": 8, "imagen4-ultra": 12},
    "gpt-image-1.5-official": {"medium": 10, "high": 28},
    "recraft-v4": {"recraft-v4-text-to-image": 10, "recraft-v4-text-to-vector": 20, "recraft-v4-pro-text-to-image": 60,
                   "recraft-v4-pro-text-to-vector": 70},
    "ideogram-v4": {"": 12},
    "seedream-4-5": {"": 12},
    "hunyuan-image-3": {"": 25},
}  # fmt: skip

CLOSED, OPEN, TEXT, URL, URLS, NUMBER = "closed", "open", "text", "url", "urls", "number"
# id -> parameter -> what it takes, its default, the values named or the limits stated
PARAMETERS: dict[str, dict[str, tuple[str, Any, Any]]] = {
    "cogview-4": {"prompt": (TEXT, None, (1, 1000)), "size": (OPEN, "1024*1024", "1024*1024 768*1344 864*1152"),
                  "quality": (CLOSED, "hd", "standard hd")},
    "flux-2": {"prompt": (TEXT, None, (3, 5000)), "aspect_ratio": (OPEN, "1:1", "1:1 16:9 9:16"), "type": (CLOSED, "pro", "pro flex"),
               "resolution": (CLOSED, "1K", "1K 2K"), "input_urls": (URLS, None, 8)},
    "grok-imagine": {"prompt": (TEXT, None, (1, 5000)), "task_id": (TEXT, None, (None, None)),
                     "model": (CLOSED, "grok-imagine/text-to-image", "grok-imagine/text-to-image grok-imagine/upscale")},
    "kling-image-o1": {"prompt": (TEXT, None, (1, None)), "type": (CLOSED, "image-to-image", "image-to-image ai-multi-shot"),
                       "images": (URLS, None, 10), "resolution": (CLOSED, "1k", "1k 2k"), "num_images": (NUMBER, 1, (1, 9)),
                       "aspect_ratio": (CLOSED, "1:1", "1:1 16:9 9:16 4:3 3:4 3:2 2:3 21:9 auto")},
    "ideogram-v3": {"prompt": (TEXT, None, (1, None)), "aspect_ratio": (CLOSED, "1:1", "1:1 16:9 9:16 4:3 3:4"),
                    "model": (CLOSED, "ideogram-v3-turbo", "ideogram-v3-turbo ideogram-v3-balanced ideogram-v3-quality"),
                    "style": (CLOSED, "Auto", "Auto General Realistic Design"), "image": (URL, None, None),
                    "mask_image": (URL, None, None), "reference_images": (URLS, None, None)},
    "imagen-4": {"prompt": (TEXT, None, (1, None)), "model": (CLOSED, "imagen4", "imagen4-fast imagen4 imagen4-ultra"),
                 "aspect_ratio": (CLOSED, "1:1", "1:1 4:3 3:4 16:9 9:16"), "negative_prompt": (TEXT, None, (None, None)),
                 "num_images": (NUMBER, 1, (1, None)), "seed": (NUMBER, None, (None, None))},
    "gpt-image-1.5-official": {"prompt": (TEXT, None, (1, None)), "aspect_ratio": (CLOSED, "1:1", "1:1 2:3 3:2"),
                               "quality": (CLOSED, "medium", "medium high"), "input_urls": (URLS, None, None)},
    "recraft-v4": {"prompt": (TEXT, None, (1, None)), "image_size": (OPEN, "1024x1024", "1024x1024"),
                   "model": (CLOSED, "recraft-v4-text-to-image", " ".join(TIERS["recraft-v4"]))},
    "ideogram-v4": {"prompt": (TEXT, None, (1, None)), "size": (CLOSED, "1:1", "1:1 16:9 9:16 3:4 4:3 3:2 2:3 9:21 21:9"),
                    "rendering_speed": (CLOSED, "BALANCED", "TURBO BALANCED QUALITY"),
                    "output_format": (CLOSED, "png", "png jpeg webp")},
    "seedream-4-5": {"prompt": (TEXT, None, (1, None)), "quality": (CLOSED, "basic", "basic high"), "image_urls": (URLS, None, None),
                     "model": (CLOSED, "seedream/4.5-text-to-image", "seedream/4.5-text-to-image seedream/4.5-edit"),
                     "aspect_ratio": (CLOSED, "1:1", "1:1 4:3 3:4 16:9 9:16 2:3 3:2 21:9")},
    "hunyuan-image-3": {"prompt": (TEXT, None, (1, 2000)), "type": (CLOSED, "text-to-image", "text-to-image edit"),
                        "size": (OPEN, "1024*1024", "1024*1024"), "images": (URLS, None, 2), "seed": (NUMBER, -1, (None, None))},
}  # fmt: skip
TASK_IDS = {
    "cogview-4": "n48xxxx_cv4", "flux-2": "n41xxxx_flux2", "grok-imagine": "n31xxxx_grok", "kling-image-o1": "n49xxxx_kio1",
    "ideogram-v3": "n63xxxx_ideogram", "imagen-4": "n47xxxx_imagen4", "gpt-image-1.5-official": "n42xxxx_gptimg",
    "recraft-v4": "n78xxxx_recraft", "ideogram-v4": "task_abc123", "seedream-4-5": "n30xxxx_seed",
    "hunyuan-image-3": "n68xxxx_hunyuan3",
}  # fmt: skip
CONDITIONS = {"hunyuan-image-3": ("type", "edit", "images"), "seedream-4-5": ("model", "seedream/4.5-edit", "image_urls")}
ROLES = {
    Role.SHAPE: {"size", "aspect_ratio", "image_size"},
    Role.IMAGES: {"input_urls", "images", "image_urls", "image"},
    Role.COUNT: {"num_images"},
    Role.SEED: {"seed"},
    Role.NEGATIVE: {"negative_prompt"},
    Role.PROMPT: {"prompt"},
}


def limits(model: Model, name: str) -> tuple[str, Any, Any]:
    """A parameter as one row of the tables above."""
    field = model.parameters[name]
    if field.enum:
        return CLOSED, field.default, " ".join(map(str, field.enum))
    if field.examples:
        return OPEN, field.default, " ".join(map(str, field.examples))
    if field.type == "array":
        return URLS, field.default, field.max_items
    if field.format == "uri":
        return URL, field.default, None
    if field.type == "integer":
        return NUMBER, field.default, (field.minimum, field.maximum)
    return TEXT, field.default, (field.min_length, field.max_length)


def test_the_eleven_models_are_in_the_order_of_their_base_price(catalog: Catalog) -> None:
    assert [model.id for model in catalog.models] == list(MODELS)
    assert [row.model.id for row in price_list(catalog)] == list(MODELS)


def test_a_model_is_described_as_on_its_page(catalog: Catalog) -> None:
    for model in catalog.models:
        described = (model.name, model.provider, model.node, model.webhook, model.inputs, base_credits(model), model.seconds)
        assert described == MODELS[model.id]
        assert (model.output, model.runtime, model.status) == ("image", "async", "active")
        assert (model.icon, model.description, model.source.startswith("https://")) > ("", "", False)


def test_every_tier_has_the_price_of_its_page(catalog: Catalog) -> None:
    def modes_first(word: str) -> bool:
        return word in ("1K", "2K")

    for model in catalog.models:
        prices = {" · ".join(sorted(tier.label.split(" · "), key=modes_first)): tier.credits for tier in tiers(model)}
        assert prices == TIERS[model.id]


def test_parameters_defaults_limits_and_conditions_are_those_of_the_page(catalog: Catalog) -> None:
    for model in catalog.models:
        assert {field: limits(model, field) for field in model.parameters} == PARAMETERS[model.id]
        assert model.required == ("prompt",)
        conditions = [
            (field, *values, *condition.required)
            for condition in model.conditions
            for field, values in condition.tests.items()
        ]
        assert conditions == ([CONDITIONS[model.id]] if model.id in CONDITIONS else [])


def test_a_role_is_given_to_the_fields_that_mean_it_and_to_no_other(catalog: Catalog) -> None:
    for model in catalog.models:
        for role, names in ROLES.items():
            meant = [field for field in model.parameters if field in names]
            assert list(model.all_by_role(role)) == meant, (model.id, role)


def test_the_endpoint_and_the_one_alias_are_those_of_the_service(catalog: Catalog) -> None:
    endpoint = catalog.endpoint

    assert (endpoint.base_url, endpoint.create) == ("https://apiin.one", "/api/v1/images/generations")
    assert (endpoint.status, endpoint.billing) == ("/api/v1/tasks/{task_id}", "/billing/credits")
    assert endpoint.usd_per_credit == 0.01
    assert {alias: model.id for model in catalog.models for alias in model.aliases} == {
        "gpt-image-1-5": "gpt-image-1.5-official"
    }


def test_questions_are_answered_only_where_the_pages_answer_them(catalog: Catalog) -> None:
    counts = {model.id: len(model.faq) for model in catalog.models if model.faq}

    assert counts == {"flux-2": 1, "gpt-image-1.5-official": 4}
    assert {model.id for model in catalog.models if not model.use_cases} == {"kling-image-o1", "ideogram-v4"}


def test_a_price_is_per_image_where_the_page_says_so_and_only_imagen_multiplies_it_by_a_count(catalog: Catalog) -> None:
    per_image = {model.id: {rule.per for rule in model.price} for model in catalog.models if model.priced_per == "image"}
    multiplied = [name for name in per_image if (found := catalog.find(name)) and found.by_role(Role.COUNT)]

    assert per_image == {name: {"image"} for name in ("cogview-4", "imagen-4", "gpt-image-1.5-official", "recraft-v4")}
    assert multiplied == ["imagen-4"]


def test_every_model_has_an_example_request_and_the_reply_of_its_older_page(catalog: Catalog) -> None:
    task_ids = {}
    for model in catalog.models:
        assert model.example
        assert model.reply
        data = model.reply.body["data"]
        assert isinstance(data, dict)
        task_ids[model.id] = data.pop("task_id")
        assert model.reply.body == {"code": 200, "message": "success", "data": {"status": "IN_PROGRESS"}}
        assert bool(model.reply.note) == (model.id == "ideogram-v4"), "only its reply was never shown"
    assert task_ids == TASK_IDS


def test_every_contradiction_between_the_pages_is_written_down(catalog: Catalog) -> None:
    contradictions = {model.id: " ".join(model.contradictions) for model in catalog.models}

    called_synchronous = {name for name, text in contradictions.items() if "the reply is synchronous" in text}
    assert called_synchronous == {model.id for model in catalog.models if not model.webhook}
    assert {name for name, text in contradictions.items() if "The variant is sent here" in text} == {
        "grok-imagine", "ideogram-v3", "imagen-4", "recraft-v4", "seedream-4-5",
    }  # fmt: skip
    for name, words in [
        ("flux-2", "10 credits per call"), ("flux-2", "cheaper mode"), ("gpt-image-1.5-official", "send gpt-image-1-5"),
        ("recraft-v4", "recraft-v4-text-to-vector-pro"), ("ideogram-v4", "Turbo, Default and Quality"),
        ("seedream-4-5", "type parameter"), ("kling-image-o1", "images are optional"), ("grok-imagine", "task_id optional"),
    ]:  # fmt: skip
        assert words in contradictions[name], name


def test_dollars_in_the_answers_are_those_of_the_price_of_a_credit(catalog: Catalog) -> None:
    for model in catalog.models:
        prices = {usd_text(catalog.usd(tier.credits)) for tier in tiers(model)}
        assert {usd for item in model.faq for usd in re.findall(r"\$[0-9.]*[0-9]", item.answer)} <= prices


def test_no_statement_about_the_service_is_without_a_page_of_it(catalog: Catalog) -> None:
    service = catalog.service
    statements = [*service.highlights, *service.flow, *service.billing, *service.task_replies, service.error_reply]

    assert all(statement and statement.source.startswith("https://apiin") for statement in statements)
    assert {error.status: error.type for error in service.errors if error.source} == {
        "400": "bad_request", "401": "authentication_error", "404": "not_found",
    }  # fmt: skip
    assert catalog.endpoint.key_prefix == "aio_"
