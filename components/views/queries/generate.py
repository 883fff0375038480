"""The query string of Generate: a model, its parameters, and the job whose result is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from components.catalog.models import Catalog, Model
from components.catalog.requests import find_problems
from components.views.queries.query import LONGEST_PROMPT, LONGEST_QUERY, MOST_PICTURES, Query, first_value, write_query


@dataclass(frozen=True)
class GenerateQuery:
    """A model and parameters for Generate's form, and sentences about what could not be used.

    ``chosen`` is true where the address named the model; ``job`` is the job whose result is shown, or "".
    """

    model: Model
    parameters: Mapping[str, Any]
    notices: tuple[str, ...] = ()
    chosen: bool = False
    job: str = ""


def write_generate_query(model: Model, parameters: Mapping[str, Any], job: str = "") -> str:
    """``?model=flux-2&prompt=…``: the model, and what differs from its defaults; and the job whose result is shown."""
    changed = {name: value for name, value in parameters.items() if value != model.parameters[name].default}
    named = {"variant" if name == "model" else name: value for name, value in changed.items()}
    return write_query({"model": model.id, **({"job": job} if job else {}), **named}, {}, keep=2 if job else 1)


def read_generate_query(catalog: Catalog, query: Query) -> GenerateQuery:
    """The form that an address asks for; the catalog's first model with its example where it names none."""
    named = first_value(query, "model")
    model = catalog.find(named)
    if model is None:
        notices = (f"There is no model {named[:80]!r} here.",) if named else ()
        return GenerateQuery(catalog.first, catalog.first.example, notices)
    said = []
    if not model.runnable:
        successor = catalog.find(model.replaced_by or "")
        said.append(f"{model.name} has been retired." + (f" This is {successor.name} instead." if successor else ""))
        model = successor or catalog.first
    parameters = read_parameters(model, query, named)
    for problem in find_problems(model, parameters, prompt_needed=False):
        if problem.field in parameters and not model.parameters[problem.field].can_show(parameters[problem.field]):
            del parameters[problem.field]
            said.append(f"Part of the address was ignored. {problem.what}")
    job = first_value(query, "job")
    if not job and not set(parameters) - {"model"}:  # a model alone shows what it can do
        parameters = {**model.example, **parameters}
    return GenerateQuery(model, parameters, tuple(said), chosen=True, job=job)


def generate_query(query: Query, remembered: str) -> Query:
    """The query that Generate's form is filled from when the page opens on any tab.

    Only the address of Generate itself always speaks of that form. On another tab the form is restored from
    ``remembered``, the query that it had before the page was reloaded ("" where there is none).
    """
    tab = first_value(query, "tab")
    named = {name for name in query if not name.startswith("__")} - {"tab"}
    silent = "model" not in named or tab == "compare" or (tab == "integrate" and named == {"model"})
    if tab in ("", "generate") or not silent:
        return query
    before = parse_qs(remembered[:LONGEST_QUERY].removeprefix("?"), keep_blank_values=True)
    return before or ({} if tab == "compare" else query)


def read_parameters(model: Model, query: Query, named: str = "") -> dict[str, Any]:
    """The parameters in a query, each of its own type; the variant stands under ``variant``.

    Where the model is ``named`` by a variant, that is the variant unless the query has another one.
    """
    if variant := model.variant_named(first_value(query, "variant") or named):
        query = {**query, "variant": [variant]}
    parameters: dict[str, Any] = {}
    for name, parameter in model.parameters.items():
        texts = query.get("variant" if name == "model" else name, [])
        value = parameter.read([text[:LONGEST_PROMPT] for text in texts[:MOST_PICTURES]])
        if value is not None:
            parameters[name] = value
    return parameters
