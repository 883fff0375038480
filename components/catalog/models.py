"""The catalog as types: closed (an unknown key is an error) and frozen.

The JSON Schema of a model's request body is kept as written in ``Model.json_schema`` for callers, and read once into
:class:`BodySchema` for everything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, field_validator

from components.catalog.parameters import Closed, Number, Parameter, Role, Scalar
from components.catalog.schema import BodySchema, Condition
from components.catalog.service_pages import ExampleReply, PageDate, ServicePages


class Purpose(StrEnum):
    """What a model is good for. A model has only those that its own page states.

    ``lettering`` is readable text in the picture, such as a logo; ``references`` are pictures to follow, not to change.
    """

    LETTERING = "lettering"
    EDIT = "edit"
    PHOTO = "photo"
    VECTOR = "vector"
    ILLUSTRATION = "illustration"
    REFERENCES = "references"
    SEVERAL = "several"
    ENLARGE = "enlarge"


class PriceRule(Closed):
    """Credits for requests whose fields equal ``when``.

    ``per: image`` is as the model's page states it, and multiplies by the count parameter where there is one.
    """

    when: Mapping[str, Scalar] = {}
    credits: Number = Field(ge=0)
    per: Literal["request", "image"] = "request"

    @field_validator("credits")
    @classmethod
    def _whole_number(cls, value: float) -> float:
        """Whole credits are integers, wherever they are shown or returned."""
        return int(value) if value.is_integer() else value


class Upscale(Closed):
    """How a model enlarges an earlier picture of its own: ``task`` takes that picture's task id, ``settings`` choose it."""

    task: str
    settings: Mapping[str, Scalar] = {}


class Question(Closed):
    """A question about a model and its answer; both are shown unchanged."""

    question: str
    answer: str


class Endpoint(Closed):
    """The address of the service. Paths start with a slash; ``status`` contains ``{task_id}``.

    ``key_prefix`` is how the keys in the service's examples begin.
    """

    base_url: str = Field(pattern=r"^https?://[^\s]+[^/\s]$")
    create: str = Field(pattern=r"^/")
    status: str = Field(pattern=r"^/.*\{task_id\}")
    billing: str = Field("/billing/credits", pattern=r"^/")
    key_prefix: str = ""
    usd_per_credit: Number = Field(gt=0)


class ExamplePrompt(Closed):
    """An example prompt and the short title of its button."""

    title: str = Field(min_length=1, max_length=30)
    prompt: str = Field(min_length=1)


class Model(Closed):
    """One entry of the catalog.

    ``seconds`` is the service's own range of typical run times, None if it states none; ``node`` is None if it is
    unknown. ``checked_on`` is the day on which a copy of the ``source`` was read, ``source_dated`` the page's own date.
    ``icon`` names a drawing that the page has. ``reply`` is what creating a task returns. ``contradictions`` lists where
    the service's public pages disagree, ``unknown`` what they do not state. ``variant_aliases`` are former ids of variants
    and the variants that they stand for.
    """

    id: str = Field(min_length=1, pattern=r"^\S+$")
    aliases: tuple[str, ...] = ()
    variant_aliases: Mapping[str, str] = {}
    name: str = Field(min_length=1)
    provider: str = Field(min_length=1)
    icon: str = Field("", pattern="^[a-z0-9-]*$")
    node: str | None = None
    runtime: Literal["async", "sync"] = "async"
    webhook: bool = Field(False, strict=True)
    inputs: tuple[Literal["text", "image"], ...] = Field(min_length=1)
    output: Literal["image"] = "image"
    seconds: tuple[Number, Number] | None = None
    status: Literal["active", "deprecated", "retired"] = "active"
    retires_on: date | None = None
    replaced_by: str | None = None
    source: str = Field(min_length=1)
    source_dated: PageDate = "unknown"
    checked_on: date
    description: str = ""
    good_for: tuple[Purpose, ...] = ()
    price: tuple[PriceRule, ...] = Field(min_length=1)
    price_note: str = ""
    example: Mapping[str, Any] = {}
    reply: ExampleReply | None = None
    upscale: Upscale | None = None
    prompts: tuple[ExamplePrompt, ...] = ()
    capabilities: tuple[str, ...] = ()
    use_cases: tuple[str, ...] = ()
    faq: tuple[Question, ...] = ()
    contradictions: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    body_schema: BodySchema = Field(alias="parameters")

    @property
    def json_schema(self) -> Mapping[str, Any]:
        """The JSON Schema of the body as it is written in the catalog."""
        return self.body_schema.raw

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The body's fields by name, in the catalog's order."""
        return self.body_schema.properties

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the fields that every request must have."""
        return self.body_schema.required

    @property
    def variants(self) -> tuple[str, ...]:
        """The sub-model ids that are sent in the body's ``model`` field; () if the id itself is sent."""
        field = self.parameters.get("model")
        return tuple(str(value) for value in field.enum or ()) if field else ()

    def variant_named(self, name: Any) -> str | None:
        """The variant with this id or former id, or None. A model's own id and aliases name it with its default variant."""
        if not isinstance(name, str) or name in (self.id, *self.aliases):
            return None
        variant = self.variant_aliases.get(name, name)
        return variant if variant in self.variants else None

    @property
    def priced_per(self) -> Literal["request", "image"]:
        """What the credits of a tier are for; counted per request where the model's page states no unit."""
        return "image" if any(rule.per == "image" for rule in self.price) else "request"

    def by_role(self, role: Role) -> str | None:
        """The name of the first field with this role, or None."""
        return next((name for name, field in self.parameters.items() if field.role is role), None)

    def all_by_role(self, role: Role) -> tuple[str, ...]:
        """The names of every field with this role, in the catalog's order."""
        return tuple(name for name, field in self.parameters.items() if field.role is role)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The rules by which one field requires another."""
        return self.body_schema.conditions

    @property
    def runnable(self) -> bool:
        """Whether requests may be sent to it; a retired model may not."""
        return self.status != "retired"


class Catalog(Closed):
    """All models and the endpoint that offers them; ``opens_with`` names the model that a new page shows."""

    endpoint: Endpoint
    service: ServicePages = ServicePages()
    models: tuple[Model, ...] = Field(min_length=1)
    opens_with: str | None = None

    def find(self, name: str) -> Model | None:
        """The model with this id, alias or variant, or None; None also for a variant that several models offer."""
        return self._by_name.get(name)

    def ids(self, name: str) -> tuple[str, ...]:
        """Every id that a model has had; the name itself where no model has it, () for ""."""
        if model := self.find(name):
            return model.id, *model.aliases
        return (name,) if name else ()

    def current_id(self, name: str) -> str:
        """The id that a model has now, by any of its names; the name itself where no model has it."""
        model = self.find(name)
        return model.id if model else name

    @property
    def first(self) -> Model:
        """The model that a new page shows: ``opens_with``, else the first that is not retired."""
        model = self.find(self.opens_with) if self.opens_with else None
        return model or next((model for model in self.models if model.runnable), self.models[0])

    @cached_property
    def _by_name(self) -> dict[str, Model]:
        with_variant: dict[str, list[Model]] = {}
        for model in self.models:
            for variant in (*model.variants, *model.variant_aliases):
                with_variant.setdefault(variant, []).append(model)
        offered = {name: [model for model in models if model.runnable] or models for name, models in with_variant.items()}
        variants = {name: models[0] for name, models in offered.items() if len(models) == 1}
        aliases = {alias: model for model in self.models for alias in model.aliases}
        return variants | aliases | {model.id: model for model in self.models}

    def usd(self, credits: float) -> float:
        """Dollars for credits, rounded to a hundredth of a cent, without the tail of floating point such as 0.07000000000000001."""
        return round(credits * self.endpoint.usd_per_credit, 4)
