"""What an integrator needs to know about a model, from the catalog alone: no claim that its sources do not make."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Parameter, Role
from components.catalog.prices import credits_text, price_list, tiers, usd_text
from components.catalog.service import Reply
from components.snippets import KEY_NAME
from components.views.job import example_request
from components.views.models import price_range
from components.views.words import typical_text

CALLBACK_EXAMPLE = "https://your-app.example/callbacks/pictures"


def integration(catalog: Catalog, model: Model) -> dict[str, Any]:
    """Everything the Integrate template shows for a model."""
    endpoint, service = catalog.endpoint, catalog.service
    row = next((row for row in price_list(catalog) if row.model.id == model.id), None)
    sent = " or ".join(model.variants) if model.variants else model.id
    keys = f" Keys begin with {endpoint.key_prefix}." if endpoint.key_prefix else ""
    return {
        "model": model,
        "service": service,
        "range": price_range(row) if row else "retired",
        "contract": [
            ("Base URL", endpoint.base_url, "All routes below start here."),
            ("Create", f"POST {endpoint.create}", "JSON in, JSON out."),
            ("Authorization", "Authorization: Bearer <API key>", f"The programs here read the key from ${KEY_NAME}.{keys}"),
            ("Model field", sent, _model_note(model)),
            ("Result path", f"GET {endpoint.status}", "Poll until the task is completed or failed."),
            ("Billing path", endpoint.billing, "Credits, orders and top-up."),
        ],
        "parameters": [_parameter(model, name, field) for name, field in model.parameters.items()],
        "tiers": _tiers(catalog, model),
        "runtime": _runtime(model),
        "callback": _callback(catalog, model) if model.webhook else "",
        "create_reply": _reply(model.reply),
        "task_replies": [_reply(reply) for reply in service.task_replies],
        "error_reply": _reply(service.error_reply),
        "faq": _faq(catalog, model),
        "contradictions": (*model.contradictions, *service.contradictions),
        "unknown": (*model.unknown, *service.unknown),
        "decision": decision(catalog),
        "others": [row for row in price_list(catalog) if row.model.id != model.id],
    }


def decision(catalog: Catalog) -> dict[str, Any]:
    """Cost, providers and how many models each covers, callback or poll: over the whole endpoint."""
    rows = price_list(catalog)
    providers = Counter(name.strip() for row in rows for name in row.model.provider.split("/"))
    callback = [row.model.name for row in rows if row.model.webhook]
    return {
        "count": len(rows),
        "cheapest": f"{rows[0].model.name}, {rows[0].base}",
        "dearest": f"{rows[-1].model.name}, {rows[-1].base}",
        "providers": sorted(providers.items(), key=lambda item: (-item[1], item[0])),
        "callback": callback,
        "poll_only": [row.model.name for row in rows if not row.model.webhook],
    }


def _model_note(model: Model) -> str:
    if model.variants:
        default = model.parameters["model"].default
        return f"The variant is sent; {default} is the default." if default else "The variant is sent."
    aliases = ", ".join(model.aliases)
    return f"The service's examples also send {aliases}." if aliases else "Sent in the request body."


def _parameter(model: Model, name: str, field: Parameter) -> dict[str, str]:
    return {
        "name": name,
        "type": field.type_text.removeprefix("a "),
        "need": _need(model, name),
        "default": "" if field.default is None else str(field.default),
        "allowed": _allowed(field),
        "description": field.description,
    }


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


def _tiers(catalog: Catalog, model: Model) -> list[dict[str, str]]:
    return [
        {
            "settings": tier.label or "any settings",
            "credits": credits_text(tier.credits),
            "usd": usd_text(catalog.usd(tier.credits)),
            "per": model.priced_per,
        }
        for tier in tiers(model)
    ]


def _runtime(model: Model) -> str:
    time = f" Typical time: {typical_text(model.seconds)}." if model.seconds else " The service states no typical time."
    if model.runtime == "async":
        return f"The call creates a task and returns its task_id; the result comes from the task route.{time}"
    return f"The call returns the result itself.{time}"


def _callback(catalog: Catalog, model: Model) -> str:
    """A request that carries ``callback_url``, as it goes over the wire."""
    endpoint = catalog.endpoint
    body = {**example_request(catalog, model).body, "callback_url": CALLBACK_EXAMPLE}
    host = endpoint.base_url.split("://")[1]
    return (
        f"POST {endpoint.create} HTTP/1.1\nHost: {host}\nAuthorization: Bearer ${KEY_NAME}\n"
        f"Content-Type: application/json\n\n{json.dumps(body, indent=2, ensure_ascii=False)}"
    )


def _reply(reply: Reply | None) -> dict[str, str] | None:
    """An example reply as the template reads it."""
    if reply is None:
        return None
    body = json.dumps(reply.body, indent=2, ensure_ascii=False)
    return {"title": reply.title, "source": reply.source, "note": reply.note, "body": body}


def _faq(catalog: Catalog, model: Model) -> list[tuple[str, str]]:
    """The catalog's own questions, then those that its facts answer for every model."""
    found = [(item.question, item.answer) for item in model.faq]
    asked = " ".join(question.lower() for question, _ in found)
    if "cost" not in asked and "how much" not in asked:
        prices = "; ".join(f"{t['settings']}: {t['credits']} ({t['usd']})" for t in _tiers(catalog, model))
        found.append((f"How much does {model.name} cost?", f"{prices[:1].upper()}{prices[1:]}."))
    images, shape = model.by_role(Role.IMAGES), model.by_role(Role.SHAPE)
    if "edit" not in asked and "image" not in asked.replace("image-", "").replace(model.name.lower(), ""):
        answer = f"Yes, with the {images} parameter." if images else "No, it has no parameter for input images."
        found.append((f"Does {model.name} take input images?", answer))
    if shape and "ratio" not in asked and "size" not in asked:
        found.append(("Which shapes are there?", f"{shape}: {_allowed(model.parameters[shape])}."))
    return found
