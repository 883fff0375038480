"""Drawing the seed of a request."""

from __future__ import annotations

from dataclasses import replace

from components.catalog.parameters import Role
from components.catalog.requests import Request
from components.comparisons.plan import draw_seed


def with_new_seed(request: Request) -> tuple[Request, Request]:
    """The request with a drawn seed, and what is the same for all that differ in nothing but a drawn seed.

    A model that takes no seed: the request itself, twice.
    """
    name = request.model.by_role(Role.SEED)
    if name is None:
        return request, request
    seeded, unseeded = ({**request.parameters, name: seed} for seed in (draw_seed(), "drawn"))
    return replace(request, parameters=seeded), replace(request, parameters=unseeded)
