"""Who pays for a visit, and what has been spent so far."""

from __future__ import annotations

from dataclasses import dataclass

from components.api.client import Payer
from components.jobs.budgets import Caps
from components.jobs.store.spend import Spend
from components.playground.key_checks import KeyCheck
from components.playground.playground import Playground
from components.playground.visits import Visit

NOTHING = Spend()


@dataclass(frozen=True)
class Spending:
    """``mine`` are this visitor's credits: with their own key since the page was opened, with the host's key today (UTC).

    ``today`` are everybody's credits with the host's key; ``check`` is what the service said of the visitor's own key.
    """

    payer: Payer
    caps: Caps
    mine: Spend = NOTHING
    today: Spend = NOTHING
    check: KeyCheck | None = None


async def read_spending(playground: Playground, visit: Visit) -> Spending:
    """What is spent by the payer of this visit; nothing in the sandbox. Raises DatabaseUnavailable."""
    payer, caps, spending = playground.account(visit).payer, playground.jobs.caps, playground.jobs.store.spending
    if payer == "visitor":
        mine = await spending.total("visitor", visit.since, visit.visitor)
        return Spending(payer, caps, mine, check=playground.key_checks.known(visit.key))
    if payer == "host":
        return Spending(payer, caps, await spending.today(visit.visitor), await spending.today())
    return Spending(payer, caps)
