"""The price of a request, the price list of all models, and the what-if. In credits; dollars are derived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from components.catalog.models import Catalog, Model, PriceRule
from components.catalog.parameters import Role
from components.catalog.requests import Request


@dataclass(frozen=True)
class Cost:
    """A price in credits and in dollars."""

    credits: float
    usd: float

    def __str__(self) -> str:
        return f"{credits_text(self.credits)} · {usd_text(self.usd)}"


@dataclass(frozen=True)
class Tier:
    """One price of a model: the settings it is for, and the credits for one picture."""

    settings: Mapping[str, Any]
    credits: float

    @property
    def label(self) -> str:
        """The settings in words, such as ``flex · 2K``; "" if the model has one price."""
        return " · ".join(str(value) for value in self.settings.values())


@dataclass(frozen=True)
class PriceListRow:
    """One model of the price list: the price of one picture with all defaults, and the lowest and highest price."""

    model: Model
    base: Cost
    lowest: Cost
    highest: Cost


@dataclass(frozen=True)
class WhatIfRow:
    """One tier of the what-if: what a month costs, and how many whole pictures a budget buys (None: it is free)."""

    model: Model
    tier: Tier
    per_picture: Cost
    month: Cost
    pictures: int | None


def price(catalog: Catalog, request: Request) -> Cost:
    """The price of a request by the first price rule that matches it."""
    rule = _matching_rule(request.model, request.parameters)
    credits = rule.credits * (request.count if rule.per == "image" else 1)
    return Cost(credits, catalog.usd(credits))


def tiers(model: Model) -> list[Tier]:
    """Every combination of the settings that the price depends on, in the catalog's order of values."""
    names = list(dict.fromkeys(name for rule in model.price for name in rule.when))
    combinations = product(*(_values(model, name) for name in names))
    settings = [dict(zip(names, values, strict=True)) for values in combinations]
    return [Tier(setting, _matching_rule(model, setting).credits) for setting in settings]


def price_list(catalog: Catalog) -> list[PriceListRow]:
    """All models that are not retired, lowest base price first; ties in the catalog's order."""
    rows = []
    for model in catalog.models:
        if model.runnable:
            credits = [tier.credits for tier in tiers(model)]
            base, low, high = base_credits(model), min(credits), max(credits)
            rows.append(PriceListRow(model, *(Cost(value, catalog.usd(value)) for value in (base, low, high))))
    return sorted(rows, key=lambda row: row.base.credits)


def what_if(catalog: Catalog, pictures_per_month: float, budget_usd: float) -> Iterator[WhatIfRow]:
    """For every tier of every model, the cost of a month and the pictures a budget buys. Negative input counts as 0."""
    per_month, budget = max(0.0, pictures_per_month or 0), max(0.0, budget_usd or 0)
    for row in price_list(catalog):
        for tier in sorted(tiers(row.model), key=lambda tier: tier.credits):
            month = tier.credits * per_month
            unit = catalog.usd(tier.credits)
            # 1e-9 because 0.56 / 0.07 is 7.999… in floating point, and the budget pays for eight pictures.
            pictures = int(budget / unit + 1e-9) if unit else None
            yield WhatIfRow(row.model, tier, Cost(tier.credits, unit), Cost(month, catalog.usd(month)), pictures)


def base_credits(model: Model) -> float:
    """The price of one picture with all defaults."""
    defaults = {name: field.default for name, field in model.parameters.items() if field.default is not None}
    return _matching_rule(model, defaults).credits


def price_depends_on(model: Model) -> tuple[str, ...]:
    """The names of the parameters that the price depends on, with the count if it multiplies the price."""
    names = dict.fromkeys(name for rule in model.price for name in rule.when)
    count = model.by_role(Role.COUNT)
    if count and model.priced_per == "image":
        names[count] = None
    return tuple(names)


def credits_text(credits: float) -> str:
    """``28 credits``, ``2.5 credits``."""
    return f"{credits:,.10g} credit{'' if credits == 1 else 's'}"


def usd_text(usd: float) -> str:
    """``$0.28``; up to four decimals for a price with fractions of a cent."""
    cents = round(float(usd) * 100, 4)
    return f"${usd:,.2f}" if cents.is_integer() else f"${usd:,.4f}".rstrip("0")


def _matching_rule(model: Model, settings: Mapping[str, Any]) -> PriceRule:
    filled = {name: field.default for name, field in model.parameters.items()} | dict(settings)
    return next(rule for rule in model.price if all(filled.get(name) == value for name, value in rule.when.items()))


def _values(model: Model, name: str) -> list[Any]:
    """The values of a parameter that lead to different prices: those of its enum, else its default and those in rules."""
    parameter = model.parameters[name]
    if parameter.enum:
        return list(parameter.enum)
    return list(dict.fromkeys([parameter.default, *(rule.when[name] for rule in model.price if name in rule.when)]))
