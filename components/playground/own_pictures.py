"""Refuse requests that name a picture which only this process can fetch: the sandbox can, the service cannot."""

from __future__ import annotations

from components.api import Account
from components.catalog.requests import Request
from components.errors import InputError

ONLY_HERE = "This picture is only on this page, which has no public address: the service could not fetch it."


def unreachable_picture(request: Request, account: Account, own_address: str) -> InputError | None:
    """What is wrong with a request that names such a picture; None where it names none, or goes to the sandbox."""
    if account.payer == "sandbox":
        return None
    for name, value in request.parameters.items():
        field = request.model.parameters.get(name)
        held = field.picture_addresses(value) if field and own_address else []
        if any(str(address).startswith(f"{own_address}/") for address in held):
            return InputError(name, f"{name}: {ONLY_HERE}", hint=ONLY_HERE)
    return None
