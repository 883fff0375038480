"""Settings of something past as a form that can be sent again: of a job, or of a picture that holds its recipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.requests import find_model, find_problems, parameters_of
from components.errors import InputError
from components.jobs.job import Job
from components.views.choices import CHEAPEST, cheapest


def settings_of(catalog: Catalog, model_id: str, body: Mapping[str, Any]) -> tuple[Model, dict[str, Any], str]:
    """The model and parameters that a body was made from, and a sentence about those that no control can hold any more.

    Raises InputError where the model has been retired or is gone.
    """
    model = find_model(catalog, model_id)
    parameters = parameters_of(model, body)
    wrong = {error.field for error in find_problems(model, parameters)}
    fields = model.parameters
    lost = [
        name for name, value in parameters.items() if name in wrong and not (name in fields and fields[name].can_show(value))
    ]
    notice = f"No longer offered, so left out: {', '.join(lost)[:200]}." if lost else ""
    return model, {name: value for name, value in parameters.items() if name not in lost}, notice


def read_settings(catalog: Catalog, text: str) -> tuple[Model, dict[str, Any], str]:
    """As :func:`settings_of`, from what ``POST /recipe`` answered to a browser. Raises InputError for anything else."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("parameters"), dict):
        raise InputError("settings", "settings: cannot be read.")
    return settings_of(catalog, told.get("model", ""), told["parameters"])


def other_models(catalog: Catalog, job: Job) -> dict[str, list[str]]:
    """The query of an address that asks other models for what a job asked for: the cheapest that can take it.

    Raises InputError where the job's model has been retired or is gone.
    """
    model, parameters, _ = settings_of(catalog, job.model, job.body)
    query = {"tab": ["compare"]}
    for role in (Role.PROMPT, Role.IMAGES, Role.SHAPE, Role.SEED, Role.NEGATIVE):
        value = parameters.get(model.by_role(role) or "")
        if value not in (None, "", []):
            query[str(role)] = [str(item) for item in (value if isinstance(value, list | tuple) else [value])]
    able = cheapest(catalog, "image" if "images" in query else "", most=None)
    return {**query, "models": [other for other in able if other != model.id][:CHEAPEST]}


def whole_comparison(job: Job) -> dict[str, list[str]]:
    """The query of an address that shows the comparison which a job was made in."""
    return {"tab": ["compare"], "batch": [job.batch]}
