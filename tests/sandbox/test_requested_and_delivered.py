"""For every model the page's comparison of request and result finds no difference in what the sandbox delivers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from PIL import Image

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.requests import Request, build_request
from components.catalog.shared_form import SHAPES, map_shared_form
from components.jobs.job import Job
from components.pictures.check import inspect
from components.pictures.stored import StoredPicture
from components.sandbox.art.canvas import Canvas
from components.sandbox.art.drawing import draw, picture_format, picture_size
from components.views.job import differences


def choices(model: Model, name: str) -> tuple[Any, ...]:
    """Every value that the catalog names for a parameter."""
    field = model.parameters[name]
    named = field.enum or (*field.examples, field.default)
    return tuple(dict.fromkeys(named))


def requests(catalog: Catalog, model: Model) -> Iterator[Request]:
    """One for each combination of shape, resolution, file format and variant, and for each shape of the shared form."""
    names = [
        name for name in (model.by_role(Role.SHAPE), "resolution", "output_format", "model") if name in model.parameters
    ]
    base: dict[str, Any] = {"prompt": "a fox"}
    if pictures := model.by_role(Role.IMAGES):
        address = "https://example.org/a.png"
        base[pictures] = [address] if model.parameters[pictures].type == "array" else address
    for values in product(*(choices(model, str(name)) for name in names)):
        yield build_request(catalog, model.id, base | dict(zip(names, values, strict=True)))
    for shape in SHAPES:
        mapped = map_shared_form(catalog, model.id, {"prompt": "a fox", "shape": shape})
        assert mapped.request
        yield mapped.request


def blank(canvas: Canvas) -> Image.Image:
    """A manner that draws nothing: the size and the format of the file are what counts here."""
    return Image.new("RGB", (canvas.width, canvas.height))


def stored_picture(content: bytes) -> StoredPicture:
    """The record of a delivered file, as it is made when the file is stored."""
    kind, width, height = inspect(content)
    return StoredPicture(f"x.{kind}", width, height, kind, len(content), "")


def job_of(request: Request, pictures: tuple[StoredPicture, ...]) -> Job:
    return Job(
        *("one", "ann", request.model.id, request.body, request.shape, request.count, "sandbox", "", 1, 0.01, 0.0),
        pictures=pictures,
    )


def test_requested_and_delivered_agree_for_every_shape_resolution_and_format_of_every_model(catalog: Catalog) -> None:
    wrong: dict[str, list[str]] = {}
    drawn: dict[Any, StoredPicture] = {}  # by size and format: drawing each again would take a minute
    for model in catalog.models:
        for request in requests(catalog, model):
            kind = picture_format(request)
            key = (kind, picture_size(request))
            if key not in drawn:
                drawn[key] = stored_picture(draw(request, blank, kind))
            if reported := differences(job_of(request, (drawn[key],))):
                wrong[str(request.body)] = reported
    assert wrong == {}
    assert {key[0] for key in drawn} == {"png", "jpeg", "webp", "svg"}


def test_a_square_picture_of_another_shape_is_noticed(catalog: Catalog) -> None:
    request = build_request(catalog, "flux-2", {"prompt": "a fox", "aspect_ratio": "16:9", "resolution": "2K"})
    square = stored_picture(draw(request, blank, "png", square=True))

    assert differences(job_of(request, (square,))) == ["asked 16:9, got 1:1"]
