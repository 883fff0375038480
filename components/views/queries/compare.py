"""The query string of Compare, the draft of a comparison that it holds, and the models to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

from components.catalog.forms import form_settings
from components.catalog.models import Catalog, Model
from components.catalog.parameters import Role
from components.catalog.prices import tiers
from components.catalog.shared_form import QUALITIES, SHAPES, STANDARD
from components.comparisons.comparison import Comparison
from components.comparisons.plan import MOST_SAMPLES, Choice
from components.errors import InputError
from components.jobs.job import Job
from components.views.models.facts import CHEAPEST, cheapest
from components.views.queries.generate import read_parameters
from components.views.queries.query import LONGEST_PROMPT, MOST_PICTURES, Query, first_value, texts_of, write_query
from components.views.words import ROLE_WORDS, settings_text, shorten

COMPARED_ROLES = (Role.PROMPT, Role.IMAGES, Role.SHAPE, Role.SEED, Role.NEGATIVE)
LONGEST_SETTING = 40
SOURCE = "published"  # the parameter with the token of the published comparison that a form was opened from
ROLE_DEFAULTS: dict[str, Any] = {
    Role.PROMPT: "", Role.SHAPE: "", Role.IMAGES: "", Role.COUNT: 1, Role.NEGATIVE: "", Role.QUALITY: STANDARD,
}  # fmt: skip


@dataclass(frozen=True)
class ComparisonDraft:
    """A comparison before it is started: choices as texts, the shared form by role, how many samples of each."""

    models: tuple[str, ...]
    shared: Mapping[str, Any]
    samples: int = 1

    def without_seed(self) -> ComparisonDraft:
        """The same with the seed left open."""
        return replace(self, shared={role: value for role, value in self.shared.items() if role != Role.SEED})

    def choices(self, catalog: Catalog) -> list[Choice]:
        """Raises InputError for an unknown model."""
        return [read_choice(catalog, text) for text in self.models]


def requested_settings(draft: ComparisonDraft) -> list[str]:
    """``["shape 16:9", "seed 7"]``: what a draft asks for beside its prompt and models."""
    requested = [
        f"{ROLE_WORDS[role].lower()} {len(value) if isinstance(value, list) else shorten(str(value), LONGEST_SETTING)}"
        for role in (Role.SHAPE, Role.QUALITY, Role.COUNT, Role.SEED, Role.NEGATIVE, Role.IMAGES)
        if (value := draft.shared.get(role)) not in (None, [], ROLE_DEFAULTS.get(role))
    ]
    return requested + ([f"{draft.samples} samples of each"] if draft.samples > 1 else [])


def settings_title(draft: ComparisonDraft) -> str:
    """``Settings: shape 16:9 · seed 7``; where nothing is asked for, what could be."""
    return "Settings: " + (
        " · ".join(requested_settings(draft)) or "shape, quality, samples, seed, what to avoid, input images"
    )


@dataclass(frozen=True)
class PublishedSource:
    """The published comparison that a form was opened from: its token ("" for none), and its shared form by role."""

    token: str = ""
    shared: Mapping[str, Any] = field(default_factory=dict)


def write_choice(choice: Choice) -> str:
    """A model, with settings where it has any: ``flux-2`` or ``flux-2?type=flex&resolution=2K``."""
    pairs = [("variant" if name == "model" else name, value) for name, value in choice.settings.items()]
    return choice.model + ("?" + urlencode(pairs, doseq=True) if pairs else "")


def read_choice(catalog: Catalog, text: str) -> Choice:
    """The choice that :func:`write_choice` wrote, or that somebody typed. Raises InputError for an unknown model."""
    name, _, query = text.strip().partition("?")
    model = catalog.find(name)
    if model is None:
        raise InputError("models", f"models: there is no model {name[:60]!r}.")
    return Choice(model.id, read_parameters(model, parse_qs(query), name))


def draft_of(comparison: Comparison) -> ComparisonDraft:
    """The form that a comparison was made from, without a seed that was drawn for it."""
    choices = dict.fromkeys(write_choice(Choice(card.model, card.settings)) for card in comparison.cards)
    samples = max((card.sample for card in comparison.cards), default=1)
    draft = ComparisonDraft(tuple(choices), comparison.shared, samples)
    return draft.without_seed() if comparison.seed_drawn else draft


def write_compare_query(draft: ComparisonDraft, source: PublishedSource | None = None) -> str:
    """The query of a draft. Where a role is too long for it and ``source`` holds the same, the source is named instead."""
    requested = ((role.value, draft.shared.get(role)) for role in Role)
    shared = {role: value for role, value in requested if value not in (None, "", [], ROLE_DEFAULTS.get(role))}
    query = write_query({"models": draft.models, **shared, "samples": draft.samples}, {"samples": 1})
    written = parse_qs(query[1:])
    left_out = [role for role in shared if role not in written]
    if source and source.token and left_out and all(shared[role] == source.shared.get(role) for role in left_out):
        return f"{query}&{SOURCE}={source.token}"
    return query


def read_compare_query(catalog: Catalog, query: Query, default: ComparisonDraft) -> ComparisonDraft:
    """The draft that an address asks for; ``default`` where it asks for nothing, and its models where it names none."""
    models = [
        text for item in query.get("models", []) for text in item.split(",") if catalog.find(text.strip().partition("?")[0])
    ]
    shared: dict[str, Any] = {}
    for role in Role:
        texts = [text[:LONGEST_PROMPT] for text in query.get(role, []) if text]
        if texts and (value := _read_role(role, texts)) is not None:
            shared[role.value] = value
    if not models and not shared:
        return default
    number = first_value(query, "samples")
    samples = int(number) if number in map(str, range(1, MOST_SAMPLES + 1)) else 1
    return ComparisonDraft(tuple(dict.fromkeys(models)) or default.models, shared, samples)


def _read_role(role: Role, texts: list[str]) -> Any:
    """The value of a role of the shared form; None for what the form does not offer."""
    text = texts[0]
    match role:
        case Role.IMAGES:
            return texts[:MOST_PICTURES]
        case Role.COUNT | Role.SEED:
            return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
        case Role.QUALITY:
            return text if text in QUALITIES else None
        case Role.SHAPE:
            return text if text in SHAPES else None
        case _:
            return text


def other_models_query(catalog: Catalog, job: Job) -> dict[str, list[str]]:
    """The query of Compare that asks the cheapest other models for what a job asked for.

    Raises InputError where the job's model has been retired or is gone.
    """
    model, parameters = form_settings(catalog, job.model, job.body)
    query = {"tab": ["compare"]}
    for role in COMPARED_ROLES:
        value = parameters.get(model.by_role(role) or "")
        if value not in (None, "", []):
            query[role.value] = texts_of(value)
    candidates = cheapest(catalog, "image" if Role.IMAGES in query else "", most=None)
    return {**query, "models": [other for other in candidates if other != model.id][:CHEAPEST]}


def comparison_query(job: Job) -> dict[str, list[str]]:
    """The query of Compare that shows the comparison which a job belongs to."""
    return {"tab": ["compare"], "comparison": [job.comparison_id]}


def comparison_id_of(query: Query) -> str:
    """The id of the comparison that an address names, or "". Older links call the parameter ``batch``."""
    return first_value(query, "comparison") or first_value(query, "batch")


def variant_options(model: Model) -> list[tuple[float, str, str]]:
    """(credits, settings in words, choice as text) of the differently priced settings of a model, without its defaults."""
    differing = (
        (tier.credits, {name: value for name, value in tier.settings.items() if value != model.parameters[name].default})
        for tier in tiers(model)
    )
    return [
        (credits, settings_text(settings), write_choice(Choice(model.id, settings)))
        for credits, settings in differing
        if settings
    ]
