"""A job's pictures as downloads: file name, the recipe inside the file, the line in a manifest; and a recipe as a form."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from components.catalog.forms import form_settings
from components.catalog.models import Catalog, Model
from components.catalog.requests import parameters_of
from components.errors import InputError
from components.jobs.job import Job
from components.jobs.store.schema import storable
from components.pictures.archive import ArchiveEntry, iso_time
from components.pictures.metadata import Recipe, Value
from components.pictures.stored import StoredPicture
from components.pictures.uploads import NAME as UPLOAD_NAME
from components.pictures.uploads import PREFIX as UPLOADS
from components.views.words import price_of


def recipe_of(job: Job) -> Recipe:
    """The recipe of a job's pictures, without uploads, which anybody who has their address can fetch."""
    return Recipe(
        model=job.model,
        parameters={name: shared for name, value in job.body.items() if (shared := _shareable(value)) is not None},
        task_id=storable(job.task_id),
        sandbox=job.payer == "sandbox",
        credits=job.cost if math.isfinite(job.cost) else None,
        usd=job.cost_usd if math.isfinite(job.cost_usd) else None,
        created=datetime.fromtimestamp(int(job.created_at), UTC),
    )


def file_stem(job: Job) -> str:
    """``flux-2-n41abc``: letters, digits, dots, hyphens and underscores only, whatever the job contains."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{job.model[:50]}-{(job.task_id or job.id)[:60]}")
    return re.sub(r"\.{2,}", ".", name).strip(".-") or "picture"


def archive_entries(catalog: Catalog, jobs: Sequence[Job], *, recipes: bool) -> Iterator[ArchiveEntry]:
    """The pictures of jobs, in order, and one entry for each job without any. ``recipes``: embedded in the files.

    The row of the manifest has sizes in pixels, None for an SVG that states none.
    """
    for job in jobs:
        recipe = recipe_of(job)
        for picture in job.pictures or (None,):
            row = {
                "model": job.model,
                "parameters": dict(recipe.parameters),
                "task_id": recipe.task_id,
                "state": str(job.state),
                "sandbox": recipe.sandbox,
                "credits": recipe.credits,
                "usd": recipe.usd,
                "credits_estimated": job.credits if math.isfinite(job.credits) else None,
                "price": price_of(catalog, job).sentence,
                "seconds": round(job.seconds(job.finished_at), 2) if job.finished_at else None,
                "created": iso_time(recipe.created),
                "asked": {"shape": job.shape, "count": job.count},
                "delivered": _delivered(picture) if picture else None,
                "message": "" if picture else str(job.problem or job.status_note),
            }
            yield ArchiveEntry(file_stem(job), job.created_at, row, picture, recipe if recipes and picture else None)


def _delivered(picture: StoredPicture) -> dict[str, Any]:
    return {"width": picture.width or None, "height": picture.height or None, "format": picture.format}


def _shareable(value: Value) -> Value | None:
    """The value without uploads and without passwords in web addresses; None if nothing is left."""
    if isinstance(value, list):
        return [shared for item in value if isinstance(shared := _shareable(item), str)] or None
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        return value
    folder, _, name = parts.path.rpartition("/")
    if folder.endswith(UPLOADS) and UPLOAD_NAME.fullmatch(name):
        return None
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else value


def read_recipe(catalog: Catalog, recipe: Mapping[str, Any]) -> tuple[Model, dict[str, Any], str]:
    """:func:`form_settings` of what ``POST /recipe`` answers, and a sentence that names what was left out.

    Raises InputError for anything else.
    """
    if not isinstance(recipe.get("parameters"), dict):
        raise InputError("settings", "settings: cannot be read.")
    model, parameters = form_settings(catalog, recipe.get("model", ""), recipe["parameters"])
    lost = [name for name in parameters_of(model, recipe["parameters"]) if name not in parameters]
    return model, parameters, f"No longer offered, so left out: {', '.join(lost)[:200]}." if lost else ""
