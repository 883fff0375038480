"""Who pays, what has been spent and under which caps, and what is kept here, in words."""

from __future__ import annotations

from math import isfinite

from markupsafe import Markup

from components.catalog.prices import credits_text, usd_text
from components.playground import Playground, Visit
from components.views.links import SANDBOX, link

SANDBOX_BANNER = Markup(
    "Sandbox: these are drawings made here from your settings, not model output. "
    "<span class='wide'>Add a key to use the real models. "
    '<a href="{}" target="_blank" rel="noopener">About the sandbox</a></span>'
).format(link(f"{SANDBOX}/"))
NO_COOKIE = Markup(
    "This browser keeps no cookie for this page, so its history is empty each time it is opened. "
    '<a href="{}" target="_blank" rel="noopener">Open the page in its own tab</a>'
).format("./")
KEY_WITHHELD = (
    "This Space has a key, but no daily spend cap, so visitors cannot use the key. "
    "The host of this page can set PLAYGROUND_DAILY_CREDITS."
)
KEY_REFUSED = (
    "The service refuses this key. Check that it is complete and not revoked, then enter it again. Nothing was charged."
)
# What survives a restart of the server, by whether requests and whether pictures do.
STORAGE = {
    (True, True): "Your requests and pictures are kept for this browser only, and survive a restart of the server.",
    (True, False): "Your requests survive a restart of the server, pictures may not. Download what you want to keep.",
    (False, True): "Pictures survive a restart of the server, your requests may not. Download what you want to keep.",
    (False, False): "Requests and pictures can be lost when this server restarts. Download what you want to keep.",
}
TRIMMING = (
    " Pictures on this server may take {:g} GB in all; beyond that, the least recently used ones are deleted, "
    "starred ones last."
)


def storage_note(requests_durable: bool, pictures_durable: bool, limit: float) -> str:
    """How long requests and pictures are kept here; ``limit`` is how many bytes pictures may take, infinite for any."""
    trimming = TRIMMING.format(limit / 1e9) if isfinite(limit) else ""
    return STORAGE[requests_durable, pictures_durable] + trimming


async def pill(playground: Playground, visit: Visit) -> tuple[str, str]:
    """Whose money is being spent: the pill's CSS classes and its words. Raises DatabaseUnavailable."""
    payer, caps = playground.account(visit).payer, playground.jobs.caps
    if payer == "sandbox":
        return payer, "Sandbox · drawings, free"
    if payer == "visitor":
        spend = await playground.jobs.store.spending.total("visitor", visit.since, visit.visitor)
        check = playground.key_checks.known(visit.key)
        text = " · ".join(("Your key", check or "checking", f"{credits_text(spend.total)} this visit"))
        return (f"{payer} {check.name.lower()}" if check else payer), text
    today = (await playground.jobs.store.spending.today()).total
    if caps.daily is None:
        return payer, f"Host key · {credits_text(today)} used today"
    return payer, f"Host key · {max(0.0, caps.daily - today):g} of {credits_text(caps.daily)} left today"


async def spend_line(playground: Playground, visit: Visit) -> str:
    """What has been spent and under which caps; "" in the sandbox. Raises DatabaseUnavailable."""
    payer, caps = playground.account(visit).payer, playground.jobs.caps
    if payer == "visitor":
        mine = await playground.jobs.store.spending.total("visitor", visit.since, visit.visitor)
        usd = usd_text(playground.catalog.usd(mine.total))
        reserved = _reserved(mine.reserved)
        return f"Your key: {credits_text(mine.total)} ({usd}) since you opened this page{reserved}. No cap here."
    if payer != "host":
        return ""
    today, mine = await playground.jobs.store.spending.today(), await playground.jobs.store.spending.today(visit.visitor)
    parts = [f"Today: {_of(today.total, caps.daily)}{_reserved(today.reserved)}", f"you: {_of(mine.total, caps.visitor)}"]
    if caps.job is not None:
        parts.append(f"at most {caps.job:g} per request")
    capped = caps.daily is not None or caps.visitor is not None
    return " · ".join(parts) + ("; resets at midnight UTC." if capped else ".")


def _of(credits: float, cap: float | None) -> str:
    return credits_text(credits) if cap is None else f"{credits:g} of {credits_text(cap)}"


def _reserved(credits: float) -> str:
    return f", {credits:g} of them reserved" if credits else ""
