"""What a form is filled with: the settings of a past job or of a picture that holds its recipe, and uploads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.requests import find_model, find_problems, parameters_of
from components.errors import InputError
from components.jobs.job import Job
from components.pictures.uploads import AFTER_S, FORMATS, LARGEST_BYTES, TOO_LARGE
from components.views.models import CHEAPEST, cheapest
from components.views.queries import texts_of
from components.views.templates import render

COMPARED_ROLES = (Role.PROMPT, Role.IMAGES, Role.SHAPE, Role.SEED, Role.NEGATIVE)


def form_settings(catalog: Catalog, model_id: str, body: Mapping[str, Any]) -> tuple[Model, dict[str, Any], str]:
    """The model and the parameters for its form, and a sentence that names those which no control can hold any more.

    Raises InputError where the model has been retired or is gone.
    """
    model = find_model(catalog, model_id)
    parameters = parameters_of(model, body)
    illegal, declared = {error.field for error in find_problems(model, parameters)}, model.parameters
    lost = [
        name
        for name, value in parameters.items()
        if name in illegal and not (name in declared and declared[name].can_show(value))
    ]
    notice = f"No longer offered, so left out: {', '.join(lost)[:200]}." if lost else ""
    return model, {name: value for name, value in parameters.items() if name not in lost}, notice


def read_settings(catalog: Catalog, text: str) -> tuple[Model, dict[str, Any], str]:
    """:func:`form_settings` of a JSON text as ``POST /recipe`` answers it. Raises InputError for anything else."""
    try:
        recipe = json.loads(text)
    except (ValueError, RecursionError):
        recipe = None
    if not isinstance(recipe, dict) or not isinstance(recipe.get("parameters"), dict):
        raise InputError("settings", "settings: cannot be read.")
    return form_settings(catalog, recipe.get("model", ""), recipe["parameters"])


def other_models_query(catalog: Catalog, job: Job) -> dict[str, list[str]]:
    """The query of Compare that asks the cheapest other models for what a job asked for.

    Raises InputError where the job's model has been retired or is gone.
    """
    model, parameters, _ = form_settings(catalog, job.model, job.body)
    query = {"tab": ["compare"]}
    for role in COMPARED_ROLES:
        value = parameters.get(model.by_role(role) or "")
        if value not in (None, "", []):
            query[role.value] = texts_of(value)
    candidates = cheapest(catalog, "image" if Role.IMAGES in query else "", most=None)
    return {**query, "models": [other for other in candidates if other != model.id][:CHEAPEST]}


def comparison_query(job: Job) -> dict[str, list[str]]:
    """The query of Compare that shows the comparison which a job belongs to."""
    return {"tab": ["compare"], "comparison": [job.batch]}


def upload_control(refused: str, *, many: bool) -> str:
    """The control beside a field for pictures, for one file or ``many``; the sentence ``refused`` where there are no uploads."""
    return render(
        "upload",
        refused=refused,
        many=many,
        accept=",".join(f"image/{name}" for name in FORMATS),
        largest=LARGEST_BYTES,
        megabytes=LARGEST_BYTES // 1_000_000,
        too_large=TOO_LARGE,
        minutes=f"{AFTER_S / 60:.0f}",
    )
