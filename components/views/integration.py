"""What an integrator needs to know of one model. Every fact is the catalog's; none is claimed that no source states."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Parameter, Role
from components.catalog.prices import credits_text, price_list, tiers, usd_text
from components.catalog.requests import Request
from components.snippets import KEY_NAME, write_snippet
from components.views.job import example_request
from components.views.models.facts import inputs_text, price_range
from components.views.models.purposes import PURPOSES
from components.views.words import typical_text

CALLBACK_EXAMPLE = "https://your-app.example/callbacks/pictures"


def integration(catalog: Catalog, model: Model) -> dict[str, Any]:
    """What the Integrate template reads for a model. ``sections`` has the content of each; an empty one is left out."""
    endpoint, service, rows = catalog.endpoint, catalog.service, price_list(catalog)
    row = next((row for row in rows if row.model.id == model.id), None)
    request = example_request(catalog, model) if model.runnable and model.example else None
    sections: dict[str, Any] = {
        "example": write_snippet(request, endpoint.base_url, endpoint) if request else "",
        "replies": model.reply or service.task_replies,
        "contract": endpoint,
        "parameters": {name: (field, _need(model, name), _allowed(field)) for name, field in model.parameters.items()},
        "tiers": tiers(model),
        "runtime": model.runtime,
        "flow": service.flow,
        "callback": {"request": _callback(catalog, request) if model.webhook and request else ""},
        "errors": service.errors,
        "capabilities": model.capabilities,
        "use_cases": {"known": model.use_cases, "purposes": [PURPOSES[purpose] for purpose in model.good_for]},
        "faq": _faq(catalog, model),
        "contradictions": (*model.contradictions, *service.contradictions),
        "unknown": (*model.unknown, *service.unknown),
        "decision": decision(catalog),
        "others": [(row, price_range(row)) for row in rows if row.model.id != model.id],
        "highlights": service.highlights,
        "sources": _sources(catalog, model),
    }
    return {
        **sections,
        "sections": sections,
        "catalog": catalog,
        "model": model,
        "range": f"{price_range(row)} per {model.priced_per}" if row else "retired",
        "inputs": inputs_text(model),
        "typical": typical_text(model.seconds),
        "key_name": KEY_NAME,
    }


def decision(catalog: Catalog) -> dict[str, Any]:
    """The cheapest and the dearest setting, providers and how many models each covers, callback or poll: over all models."""
    rows = price_list(catalog)
    cheapest = min(rows, key=lambda row: row.lowest.credits)
    dearest = max(rows, key=lambda row: row.highest.credits)
    providers = Counter(name.strip() for row in rows for name in row.model.provider.split("/"))
    return {
        "count": len(rows),
        "cheapest": f"{cheapest.model.name}, {cheapest.lowest}",
        "dearest": f"{dearest.model.name}, {dearest.highest}",
        "providers": sorted(providers.items(), key=lambda item: (-item[1], item[0])),
        "callback": [row.model.name for row in rows if row.model.webhook],
        "poll_only": [row.model.name for row in rows if not row.model.webhook],
    }


def _sources(catalog: Catalog, model: Model) -> dict[str, Any]:
    """Every page that something here comes from; the value has its dates, ``checked_on`` and ``source_dated``."""
    service = catalog.service
    general = dict.fromkeys(service.sources, service) if service.checked_on else {}
    own = dict.fromkeys([model.source, *([model.reply.source] if model.reply else [])], model)
    return {**own, **{source: dates for source, dates in general.items() if source not in own}}


def _need(model: Model, name: str) -> str:
    if name in model.required:
        return "required"
    texts = [condition.text for condition in model.conditions if name in condition.required]
    return f"required when {' or '.join(texts)}" if texts else "optional"


def _allowed(field: Parameter) -> str:
    if field.enum:
        return ", ".join(map(str, field.enum))
    parts = []
    if field.examples:
        parts.append(f"{', '.join(map(str, field.examples))} and others")
    if field.max_length:
        low = f"{field.min_length}–" if field.min_length else "at most "
        parts.append(f"{low}{field.max_length:,} characters")
    if field.minimum is not None and field.maximum is not None:
        parts.append(f"{field.minimum:g}–{field.maximum:g}")
    elif field.minimum is not None:
        parts.append(f"{field.minimum:g} or more")
    if field.max_items:
        parts.append(f"at most {field.max_items}")
    return "; ".join(parts)


def _callback(catalog: Catalog, request: Request) -> str:
    """A request that carries ``callback_url``, as it goes over the wire."""
    endpoint = catalog.endpoint
    body = {**request.body, "callback_url": CALLBACK_EXAMPLE}
    host = endpoint.base_url.split("://")[1]
    return (
        f"POST {endpoint.create} HTTP/1.1\nHost: {host}\nAuthorization: Bearer ${KEY_NAME}\n"
        f"Content-Type: application/json\n\n{json.dumps(body, indent=2, ensure_ascii=False)}"
    )


def _faq(catalog: Catalog, model: Model) -> list[tuple[str, str]]:
    """The catalog's own questions, then those that it answers for every model."""
    questions = [(item.question, item.answer) for item in model.faq]
    covered = " ".join(question.lower() for question, _ in questions)
    if "cost" not in covered and "how much" not in covered:
        prices = "; ".join(
            f"{tier.label or 'any settings'}: {credits_text(tier.credits)} ({usd_text(catalog.usd(tier.credits))})"
            for tier in tiers(model)
        )
        questions.append((f"How much does {model.name} cost?", f"{prices[:1].upper()}{prices[1:]}."))
    images, shape = model.by_role(Role.IMAGES), model.by_role(Role.SHAPE)
    if "edit" not in covered and "image" not in covered.replace("image-", "").replace(model.name.lower(), ""):
        answer = f"Yes, with the {images} parameter." if images else "No, it has no parameter for input images."
        questions.append((f"Does {model.name} take input images?", answer))
    if shape and "ratio" not in covered and "size" not in covered:
        questions.append(("Which shapes are there?", f"{shape}: {_allowed(model.parameters[shape])}."))
    return questions
