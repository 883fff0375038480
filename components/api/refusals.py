"""Classify what the service refuses: by its error code, then by the HTTP status, by words only where neither tells.

The service's public pages show 401 ``authentication_error``, 400 ``bad_request`` and 404 ``not_found``; the other codes
are those of the providers behind it. A 4xx proves that no task was created. A 5xx does not, whatever its code says.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from components.errors import (
    NOT_CHARGED,
    KeyRefused,
    Moderated,
    OutOfCredits,
    RateLimited,
    RequestRefused,
    ServiceError,
    UpstreamFailed,
)

LONGEST_WAIT_S = 120.0
WAIT_HEADERS = ("retry-after", "x-retry-after", "x-ratelimit-reset-after", "ratelimit-reset", "x-ratelimit-reset")
WAIT_IN_REPLY = re.compile(r'"retry_?after(?:_?seconds|_?s)?"\s*:\s*"?([^",}\s]{1,40})', re.I)
WAIT = re.compile(r"(\d{1,12}(?:\.\d+)?)\s*(ms|s|m|secs?|seconds?|min|minutes?)?", re.I)
UNITS = {"ms": 0.001, "mi": 60.0, "m": 60.0, "s": 1.0, "se": 1.0}
NEAR_S = 366 * 86_400.0  # seconds since 1970 this near to the clock are a moment, no wait

CODES: Mapping[str, type[ServiceError]] = {
    **dict.fromkeys(("authentication_error", "invalid_api_key", "permission_error", "unauthorized"), KeyRefused),
    **dict.fromkeys(
        ("insufficient_credits", "insufficient_balance", "insufficient_quota", "payment_required"), OutOfCredits
    ),
    **dict.fromkeys(("content_policy_violation", "content_filter", "moderation_blocked", "moderation_error"), Moderated),
    **dict.fromkeys(("rate_limit_error", "rate_limit_exceeded", "too_many_requests"), RateLimited),
}
# Codes that say no more than status 400 does.
GENERIC_CODES = {"bad_request", "invalid_request", "invalid_request_error"}

MODERATION = re.compile(
    r"moderat(?!e\b)|content[ _-]?policy|safety|nsfw|sensitive (content|word|image|material)|prohibited|inappropriate"
    r"|violat\w* (of )?(our|the|your)? ?(content|usage|use|community|safety|terms|polic)", re.I)  # fmt: skip
PARAMETER_NAME = re.compile(r"\w+_\w+")  # such as safety_tolerance, nsfw_check
CREDITS = re.compile(r"insufficient.{0,20}(credit|balance|fund)|(credit|balance).{0,30}(insufficient|exhausted|not enough)"
                     r"|not enough credits?|out of credits?", re.I)  # fmt: skip


def refusal(status: int | None, *, codes: Collection[str] = (), message: str = "", reply: str = "") -> ServiceError:
    """The error for a refusal.

    Args:
        status: the HTTP status, or the number of any size under ``code`` in the reply; None for a task that failed.
        codes: the words under ``code`` and ``type`` in the reply, in lower case.
        message: the reply's own reason, quoted to the visitor.
        reply: the raw reply.
    """
    kind = _classify(status, codes, message)
    says = f" It says: {message.rstrip('. ')}." if message else ""
    code = f" ({status})" if status else ""
    if kind is RateLimited:
        return RateLimited(f"The service reports too many requests{code}.{says}", status=status, reply=reply)
    what = {
        UpstreamFailed: "The service failed",
        OutOfCredits: "The service says the account is out of credits",
        Moderated: "The service refuses this content",
        KeyRefused: "The service refuses the key",
        RequestRefused: "The service refuses the request",
    }[kind]
    charged = NOT_CHARGED if kind is Moderated and status else None
    return kind(f"{what}{code}.{says}", charged=charged, status=status, reply=reply)


def _classify(status: int | None, codes: Collection[str], message: str) -> type[ServiceError]:
    if status and not 400 <= status < 600:
        status = None
    if status and status >= 500:
        return UpstreamFailed
    if known := [CODES[code] for code in codes if code in CODES]:
        return known[0]
    by_status: Mapping[int | None, type[ServiceError]] = {401: KeyRefused, 402: OutOfCredits, 429: RateLimited}
    if status in by_status:
        return by_status[status]
    if status in (None, 400, 403) and CREDITS.search(message):
        return OutOfCredits
    if status == 403:
        return KeyRefused
    if status == 400:
        message = PARAMETER_NAME.sub("", message) if GENERIC_CODES.issuperset(codes) else ""
    return Moderated if status in (None, 400) and MODERATION.search(message) else RequestRefused


def read_retry_after(headers: Mapping[str, str], reply: str = "") -> float | None:
    """Seconds that a 429 asks to wait, from 0 to LONGEST_WAIT_S; None if it does not say.

    It stands in one of WAIT_HEADERS, as seconds, another unit or a date, which is compared with the service's own clock,
    or in the reply.
    """
    values = [headers[name].strip() for name in WAIT_HEADERS if name in headers]
    values += [match[1] for match in WAIT_IN_REPLY.finditer(reply)]
    waits = (_seconds(value, headers.get("date", "")) for value in values)
    return next((min(max(wait, 0.0), LONGEST_WAIT_S) for wait in waits if wait is not None), None)


def _seconds(value: str, date: str) -> float | None:
    """The wait that a value names; None if it names none."""
    now = _moment(date) or datetime.now(UTC)
    if match := WAIT.fullmatch(value):
        seconds = float(match[1]) * UNITS[(match[2] or "s")[:2].lower()]
        return seconds - now.timestamp() if abs(seconds - now.timestamp()) < NEAR_S else seconds
    at = _moment(value)
    return (at - now).total_seconds() if at else None


def _moment(text: str) -> datetime | None:
    """A date as HTTP writes it, or ISO 8601."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        with suppress(ValueError, TypeError, IndexError, OverflowError):
            at = read(text)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None
