"""Who pays, what has been spent and under which caps, and what is kept here, in words."""

from __future__ import annotations

from math import isfinite

from markupsafe import Markup

from components.catalog.models import Catalog
from components.catalog.prices import credits_text, usd_text
from components.playground.spending import Spending
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


def pill(spending: Spending) -> tuple[str, str]:
    """Whose money is being spent: the pill's CSS classes and its words. A page is paid by visitor, host or sandbox."""
    if spending.payer == "visitor":
        check = spending.check
        text = " · ".join(("Your key", check or "checking", f"{credits_text(spending.mine.total)} this visit"))
        return (f"visitor {check.name.lower()}" if check else "visitor"), text
    if spending.payer != "host":
        return spending.payer, "Sandbox · drawings, free"
    today, daily = spending.today.total, spending.caps.daily
    if daily is None:
        return "host", f"Host key · {credits_text(today)} used today"
    return "host", f"Host key · {max(0.0, daily - today):g} of {credits_text(daily)} left today"


def spend_line(spending: Spending, catalog: Catalog) -> str:
    """What has been spent and under which caps; "" in the sandbox."""
    mine, today, caps = spending.mine, spending.today, spending.caps
    if spending.payer == "visitor":
        spent = f"{credits_text(mine.total)} ({usd_text(catalog.usd(mine.total))}) since you opened this page"
        return f"Your key: {spent}{_reserved(mine.reserved)}. No cap here."
    if spending.payer != "host":
        return ""
    parts = [f"Today: {_of(today.total, caps.daily)}{_reserved(today.reserved)}", f"you: {_of(mine.total, caps.visitor)}"]
    if caps.job is not None:
        parts.append(f"at most {caps.job:g} per request")
    capped = caps.daily is not None or caps.visitor is not None
    return " · ".join(parts) + ("; resets at midnight UTC." if capped else ".")


def _of(credits: float, cap: float | None) -> str:
    return credits_text(credits) if cap is None else f"{credits:g} of {credits_text(cap)}"


def _reserved(credits: float) -> str:
    return f", {credits:g} of them reserved" if credits else ""
