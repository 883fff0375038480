"""The records: a comparison and its cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Card:
    """One result that is wanted: a model with settings of its own, and the id of its job; "" where nothing was sent.

    ``notes`` say how the shared form was mapped to the model, ``refused`` why nothing was sent. ``sample`` counts from 1.
    A card keeps its position: a retry puts another job on it, and the earlier job stays in the history.
    """

    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    sample: int = 1
    job: str = ""
    notes: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Comparison:
    """One visitor's cards, in the order of the form. ``shared`` holds the values of the shared form by role.

    ``created_at`` is seconds since 1970. Whoever knows ``token`` can read the comparison; None: it is not published.
    ``seed_drawn``: the seed in ``shared`` was drawn, because the form had none.
    """

    id: str
    visitor: str
    created_at: float
    shared: Mapping[str, Any]
    cards: tuple[Card, ...] = ()
    token: str | None = None
    seed_drawn: bool = False
