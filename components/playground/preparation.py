"""Prepare a request for a visit: draw a seed, and refuse pictures that the service cannot fetch."""

from __future__ import annotations

from dataclasses import replace

from components.api import Account
from components.catalog.parameters import Role
from components.catalog.requests import Request
from components.comparisons.plan import draw_seed
from components.errors import InputError

UNREACHABLE_PICTURE = "This picture is only on this page, which has no public address: the service could not fetch it."


def unreachable_picture(request: Request, account: Account, own_address: str) -> InputError | None:
    """What is wrong with a request that names such a picture; None where it names none, or goes to the sandbox."""
    if account.payer == "sandbox":
        return None
    for name, value in request.parameters.items():
        field = request.model.parameters.get(name)
        held = field.picture_addresses(value) if field and own_address else []
        if any(str(address).startswith(f"{own_address}/") for address in held):
            return InputError(name, f"{name}: {UNREACHABLE_PICTURE}", hint=UNREACHABLE_PICTURE)
    return None


def with_new_seed(request: Request) -> tuple[Request, Request]:
    """The request with a drawn seed, and what is the same for all that differ in nothing but a drawn seed.

    A model that takes no seed: the request itself, twice.
    """
    name = request.model.by_role(Role.SEED)
    if name is None:
        return request, request
    seeded, unseeded = ({**request.parameters, name: seed} for seed in (draw_seed(), "drawn"))
    return replace(request, parameters=seeded), replace(request, parameters=unseeded)
