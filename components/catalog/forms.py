"""The values of one model's form, checked in one pass: what is wrong, what would be sent, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.catalog.models import Catalog, Model
from components.catalog.prices import Cost, price
from components.catalog.requests import Request, fill_defaults, find_problems
from components.errors import InputError


@dataclass(frozen=True)
class CheckedForm:
    """``request`` is None where there are problems; ``cost`` is that of the valid values, defaults for the rest."""

    problems: tuple[InputError, ...]
    request: Request | None
    cost: Cost


def check_form(catalog: Catalog, model: Model, parameters: Mapping[str, Any]) -> CheckedForm:
    """Validate and price what a visitor has filled in so far. At most one problem a field, in the form's order."""
    problems = find_problems(model, parameters)
    wrong = {problem.field for problem in problems}
    valid = {name: value for name, value in parameters.items() if name not in wrong}
    request = Request(model, fill_defaults(model, valid))
    return CheckedForm(tuple(problems), None if problems else request, price(catalog, request))
