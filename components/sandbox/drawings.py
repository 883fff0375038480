"""A request -> the drawings it asks for: size, format, detail and seed as a model would read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import sqrt

from components.catalog.parameters import Role
from components.catalog.requests import Request
from components.catalog.shapes import read_shape
from components.sandbox.pictures import Drawing

SMALLEST, LARGEST = 64, 2048
FINE = ("hd", "high", "2k", "quality", "ultra", "flex", "pro")
DRAFT = ("turbo", "fast", "basic", "standard")
FORMATS = ("png", "jpeg", "webp")


def drawings(request: Request, *, square: bool = False, chance: int = 0) -> Iterator[Drawing]:
    """One drawing for each picture asked for. ``chance`` takes the place of a seed that was not given."""
    width, height = (1024, 1024) if square else pixels(request)
    values = request.parameters
    roles = {role: request.model.by_role(role) or "" for role in Role}
    seed = values.get(roles[Role.SEED])
    for index in range(request.count):
        yield Drawing(
            model=request.model.id,
            name=request.model.name,
            prompt=request.prompt,
            settings={name: value for name, value in request.body.items() if name != roles[Role.PROMPT]},
            width=width,
            height=height,
            format=picture_format(request),
            detail=_detail(request),
            inputs=tuple(_inputs(request)),
            negative=str(values.get(roles[Role.NEGATIVE], "")),
            style=str(values.get("style", "")),
            seed=int(seed) if isinstance(seed, int) else chance,
            index=index,
        )


def picture_format(request: Request) -> str:
    """``svg`` for a vector variant, else what ``output_format`` asks for, else ``png``."""
    if "vector" in str(request.body["model"]):
        return "svg"
    asked = str(request.parameters.get("output_format", "")).lower()
    return asked if asked in FORMATS else "png"


def pixels(request: Request) -> tuple[int, int]:
    """Width and height: an explicit size as it is, a ratio at about 1 (1K) or 4 (2K) megapixels."""
    shape = read_shape(request.shape)
    if shape and shape.exact:
        return _within(int(shape.width)), _within(int(shape.height))
    share = shape.ratio if shape else 1.0
    share = min(max(share, 1 / 8), 8)
    edge = 2048 if str(request.parameters.get("resolution", "")).lower() == "2k" else 1024
    height = edge / sqrt(share)
    return _within(round(height * share / 16) * 16), _within(round(height / 16) * 16)


def _within(edge: int) -> int:
    return min(max(edge, SMALLEST), LARGEST)


def _detail(request: Request) -> int:
    words = set(re.findall(r"[a-z0-9]+", " ".join(str(v).lower() for v in _choices(request))))
    return 2 if words & set(FINE) else 0 if words & set(DRAFT) else 1


def _choices(request: Request) -> Iterator[object]:
    fields = request.model.parameters
    return (value for name, value in request.parameters.items() if name in fields and fields[name].enum)


def _inputs(request: Request) -> Iterator[str]:
    fields = request.model.parameters
    for name, value in request.parameters.items():
        if name in fields and (fields[name].format == "uri" or fields[name].type == "array"):
            yield from ([value] if isinstance(value, str) else map(str, value))
