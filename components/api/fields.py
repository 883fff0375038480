"""The fields around a result under all their names: task id, state word, error text, codes, credits."""

from __future__ import annotations

import re
from typing import Any

from components.api.documents import find_sections, find_text, find_values

ID_KEYS = ("task_id", "job_id", "generation_id", "prediction_id", "id")
STATE_KEYS = ("status", "state", "task_status")
ERROR_KEYS = (
    "error", "error_message", "error_msg", "err_msg", "errors", "fail_message", "fail_msg", "fail_reason", "failed_reason",
    "failure_reason", "failure",
)  # fmt: skip
REASON_KEYS = ("task_status_msg", "status_msg", "status_message", "reason")  # a task that waits may have them too
GENERAL_KEYS = ("message", "msg", "detail", "details", "description")
CODE_KEYS = ("code", "type", "error_code")
ENVELOPE_CODE_KEYS = ("code", "errcode", "errno", "status_code")
CHARGE_KEYS = ("consumed_credits", "credits_consumed", "credits_used")
SUCCESS_CODES = {0, 1, *range(200, 300)}
LONGEST_MESSAGE, LONGEST_PLAIN_TEXT = 600, 300  # characters

Section = dict[str, Any]


def task_id(document: Section) -> str | None:
    """The task id. Dots alone are none: in the status route's path they would lead elsewhere.

    ``request_id`` is one where nothing else is, but not beside an envelope's code: there it names the reply.
    """
    sections = find_sections(document)
    inner = sections[0] if isinstance(document.get("data"), dict) or "code" not in document else {}
    values = [value for key in ID_KEYS for value in find_values(sections, (key,))]
    for value in (*values, *find_values([inner], ("request_id",))):
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip(". "):
            return str(value)
    return None


def state_word(sections: list[Section]) -> str:
    """The service's own word for the task's state, or ""."""
    for value in find_values(sections, STATE_KEYS):
        if isinstance(value, str) and value.strip() and not value.isdigit():
            return value.strip()
    return ""


def has_error(sections: list[Section]) -> bool:
    """Whether a key that names an error holds a text."""
    return any(find_text(value) for value in find_values(sections, ERROR_KEYS))


def reason(document: Any, text: str) -> str:
    """The most specific error text in a reply, cut: of a JSON object, of other JSON, or in plain text."""
    if isinstance(document, dict):
        sections = find_sections(document)
        values = (value for keys in (ERROR_KEYS, REASON_KEYS, GENERAL_KEYS) for value in find_values(sections, keys))
        return next((found for value in values if (found := find_text(value))), "")[:LONGEST_MESSAGE]
    if document is None:
        plain = text.strip()
        return "" if plain.startswith("<") or plain == "null" else plain[:LONGEST_PLAIN_TEXT]
    return find_text(document)[:LONGEST_MESSAGE] if isinstance(document, str | list) else ""


def error_codes(document: Any) -> tuple[str, ...]:
    """The error's codes that are words, in lower case, those of an ``error`` object first."""
    if not isinstance(document, dict):
        return ()
    sections = find_sections(document)
    errors = [value for value in find_values(sections, ("error",)) if isinstance(value, dict)]
    codes = (value for value in find_values([*errors, *sections], CODE_KEYS) if isinstance(value, str))
    return tuple(dict.fromkeys(code.lower() for code in codes if code and not code.isdigit()))


def error_status(document: Section) -> int | None:
    """The HTTP status of an error, as a number or digits under ``code``, or ``error.code`` where there is no data."""
    values = [document.get("code")]
    if isinstance(document.get("error"), dict) and not isinstance(document.get("data"), dict):
        values.append(document["error"].get("code"))
    numbers = [number for value in values if (number := integer(value)) is not None]
    return next((number for number in numbers if 400 <= number < 600), None)


def failing_code(document: Section) -> int | str | None:
    """What stands where the envelope has its code for success: a number of any size or a word. None for success."""
    envelope = [part for part in (document, document.get("base_resp")) if isinstance(part, dict)]
    for value in find_values(envelope, ENVELOPE_CODE_KEYS):
        number = integer(value)
        if number is not None:
            return None if number in SUCCESS_CODES else number
        if isinstance(value, str) and find_text(value):
            return value
    return "success: false" if document.get("success") is False else None


def integer(value: Any) -> int | None:
    """A code as a number or as digits; None for anything else."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"-?[0-9]{1,12}", text) else None


def charged_credits(sections: list[Section]) -> float | None:
    """The credits that the service reports; JSON also holds true, infinity and integers of 400 digits."""
    values = find_values(sections, CHARGE_KEYS)
    amounts = (value for value in values if isinstance(value, int | float) and not isinstance(value, bool))
    return next((float(amount) for amount in amounts if 0 <= amount < 1e9), None)
