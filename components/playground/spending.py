"""Who pays for a visit, and what has been spent so far."""

from __future__ import annotations

from dataclasses import dataclass

from components.api.client import Payer
from components.jobs.budgets import Caps
from components.jobs.store.spend import Spend
from components.playground.key_checks import KeyCheck
from components.playground.playground import Playground
from components.playground.visits import Visit

NO_SPEND = Spend()


@dataclass(frozen=True)
class Spending:
    """``mine`` is this visitor's spend: with their own key since the page was opened, with the host's key today (UTC).

    ``today`` is everybody's spend with the host's key, zero unless the host pays. ``check`` is what the service said of the
    visitor's own key.
    """

    payer: Payer
    caps: Caps
    mine: Spend = NO_SPEND
    today: Spend = NO_SPEND
    check: KeyCheck | None = None


async def read_spending(playground: Playground, visit: Visit) -> Spending:
    """What has been spent with the key that pays for this visit; all zero in the sandbox. Raises DatabaseUnavailable."""
    payer, caps, spending = playground.account(visit).payer, playground.jobs.caps, playground.jobs.store.spending
    if payer == "visitor":
        mine = await spending.total("visitor", visit.since, visit.visitor)
        return Spending(payer, caps, mine, check=playground.key_checks.known(visit.key))
    if payer == "host":
        return Spending(payer, caps, await spending.today(visit.visitor), await spending.today())
    return Spending(payer, caps)
