"""What a model's schema limits: shapes, size, pictures in and out. "" where the schema says nothing."""

from __future__ import annotations

import re

from components.catalog.models import Model
from components.catalog.parameters import Parameter, Role
from components.catalog.shapes import read_shape

THOUSANDS = re.compile(r"([0-9]+)\s*[kK]")
SHAPES_SHOWN = 3


def shapes_text(model: Model) -> str:
    """``1:1, 3:2, 2:3 and 4 more``: the values of a closed list, or the examples of an open one."""
    name = model.by_role(Role.SHAPE)
    field = model.parameters[name] if name else None
    values = [str(value) for value in field.enum or field.examples] if field else []
    more = len(values) - SHAPES_SHOWN
    return ", ".join(values[:SHAPES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def largest_side(model: Model) -> int | None:
    """The longest side in pixels that a listed size or resolution names; a K is 1,024 pixels."""
    values = [str(value) for field in model.parameters.values() for value in field.enum or field.examples]
    sizes = [shape for value in values if (shape := read_shape(value)) and shape.exact]
    sides = [int(max(shape.width, shape.height)) for shape in sizes]
    sides += [1024 * int(match[1]) for value in values if (match := THOUSANDS.fullmatch(value))]
    return max(sides, default=None)


def references_text(model: Model) -> str:
    """How many input pictures a request takes: ``up to 8``, ``some`` where the schema names no number."""
    names = model.all_by_role(Role.IMAGES)
    if not names:
        return "none"
    most = [model.parameters[name].max_items or _single(model.parameters[name]) for name in names]
    return f"up to {max(filter(None, most))}" if any(most) else "some"


def pictures_text(model: Model) -> str:
    """How many pictures one request returns."""
    name = model.by_role(Role.COUNT)
    if not name:
        return "1"
    most = model.parameters[name].maximum
    return f"up to {most:g}" if most else "some"


def _single(field: Parameter) -> int | None:
    return 1 if field.type == "string" else None
