"""The values of one model's form, checked in one pass: what is wrong, what would be sent, what it costs.

:func:`form_settings` fills a form with an earlier request; :func:`keep_values` takes the values along to another model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.prices import Cost, price
from components.catalog.requests import Request, fill_defaults, find_model, find_problems, parameters_of
from components.catalog.shared_form import map_shared_form
from components.errors import InputError

# Not the quality: it decides the price, and no two models rank the same words.
KEPT_ROLES = (Role.PROMPT, Role.SHAPE, Role.IMAGES, Role.COUNT, Role.SEED, Role.NEGATIVE)


@dataclass(frozen=True)
class CheckedForm:
    """``draft`` has the valid values, defaults for the rest, and ``cost`` is its price; only without problems may it be sent."""

    problems: tuple[InputError, ...]
    draft: Request
    cost: Cost

    @property
    def request(self) -> Request | None:
        """What would be sent; None where there are problems."""
        return None if self.problems else self.draft


def check_form(catalog: Catalog, model: Model, parameters: Mapping[str, Any]) -> CheckedForm:
    """Validate and price what a visitor has filled in so far. At most one problem a field, in the form's order."""
    problems = find_problems(model, parameters)
    wrong = {problem.field for problem in problems}
    valid = {name: value for name, value in parameters.items() if name not in wrong}
    request = Request(model, fill_defaults(model, valid))
    return CheckedForm(tuple(problems), request, price(catalog, request))


def form_settings(catalog: Catalog, model_id: str, body: Mapping[str, Any]) -> tuple[Model, dict[str, Any]]:
    """The model and the parameters for its form, without those that no control can hold any more.

    Raises InputError where the model has been retired or is gone.
    """
    model = find_model(catalog, model_id)
    parameters = parameters_of(model, body)
    illegal, declared = {error.field for error in find_problems(model, parameters)}, model.parameters
    return model, {
        name: value
        for name, value in parameters.items()
        if name not in illegal or (name in declared and declared[name].can_show(value))
    }


def keep_values(
    catalog: Catalog, before: Model, parameters: Mapping[str, Any], after: Model
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the form of one model becomes in another's, by role, and notes on what was changed or left out.

    A value that no model could use, such as half an address, is left out.
    """
    named = {role.value: before.by_role(role) or "" for role in KEPT_ROLES}
    shared = {role: parameters[name] for role, name in named.items() if name in parameters}
    notes: tuple[str, ...] = ()
    while True:
        try:
            mapped = map_shared_form(catalog, after.id, shared, prompt_needed=False)
        except InputError as error:
            if error.field not in shared:
                raise
            del shared[error.field]
            continue
        if mapped.skipped and "images" in shared:
            del shared["images"]
            notes = ("no input images",)
            continue
        return dict(mapped.parameters), notes + mapped.notes
