"""The fields around a result under all their names: task id, state word, error text, codes, credits."""

from __future__ import annotations

import re
from http import HTTPStatus
from itertools import chain
from typing import Any

from components.api.documents import DEEPEST, STATE_KEYS, field, find_sections, find_text, find_values, same_key

ID_KEYS = (
    "task_id", "job_id", "generation_id", "prediction_id", "task_uuid", "work_id", "run_id", "operation_id", "execution_id",
    "order_id", "id", "uuid", "task_ids", "task",
)  # fmt: skip
ID_IN_TEXT = re.compile(r'"(?:task|job|generation|prediction)_?id"\s*:\s*"([^"\\]{1,200})"', re.I)
ID_AS_DATA = re.compile(r"(?=[\w.:-]*[0-9])[\w.:-]{6,128}")
DONE_KEYS = ("done", "completed", "finished", "is_done")  # true or false, where there is no word
FLAG_WORDS = {0: "running", 1: "done", 2: "failed", 3: "failed"}  # success_flag
ERROR_KEYS = (
    "error", "error_message", "error_msg", "err_msg", "errors", "fail_message", "fail_msg", "fail_reason", "failed_reason",
    "failure_reason", "failure", "fault", "exception",
)  # fmt: skip
REASON_KEYS = ("task_status_msg", "status_msg", "status_message", "reason")  # a task that waits may have them too
GENERAL_KEYS = ("message", "msg", "detail", "details", "description", "error_description", "title")
HIDDEN_REASON = re.compile("error|^err$|fault$|reason|message|msg|hint|^(result|output|data)$")
SENTENCE = re.compile(r"(?!\d+$|data:|https?:|\S{80})")  # no number, no address, no base64
# These say that there is an error, and not which.
WEAK_REASONS = {"true", "error", "fail", "failed", "failure", *(status.phrase.lower() for status in HTTPStatus)}
CODE_KEYS = ("code", "type", "error_code")
ENVELOPE_CODE_KEYS = ("code", "errcode", "errno", "status_code", "ret", "ret_code", "return_code", "result_code")
CHARGE_KEYS = ("consumed_credits", "credits_consumed", "credits_used", "credits_charged", "charged_credits", "used_credits")
SUCCESS_CODES = {0, 1, *range(200, 300)}
SUCCESS_WORDS = {"accepted", "created", "submitted", "queued", "pending", "processing", "running", "in_queue", "in_progress"}
LONGEST_MESSAGE, LONGEST_PLAIN_TEXT = 600, 300  # characters

Section = dict[str, Any]


def task_id(document: Section) -> str | None:
    """The task id. Dots alone are none: in the status route's path they would lead elsewhere.

    ``request_id`` is one where nothing else is, but not beside an envelope's code: there it names the reply, and a
    ``data`` that is a single word with a digit is the id.
    """
    sections, data, has_code = find_sections(document), field(document, "data"), field(document, "code") is not None
    inner = sections[0] if isinstance(data, dict) or not has_code else {}
    values = [value for key in ID_KEYS for value in find_values(sections, (key,))]
    for value in (*values, *find_values([inner], ("request_id",))):
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip(". "):
            return str(value)
    bare = isinstance(data, str) and has_code and failing_code(document) is None and ID_AS_DATA.fullmatch(data)
    return str(data) if bare else None


def named_task_id(text: str) -> str | None:
    """The task id in a reply that is cut off or is an error."""
    match = ID_IN_TEXT.search(text)
    return match[1] if match and match[1].strip(". ") else None


def state_word(sections: list[Section]) -> str:
    """The service's own word for the task's state, or ""."""
    for value in find_values(sections, STATE_KEYS):
        if isinstance(value, dict):
            value = next(find_values([value], ("state", "status", "code", "name", "value")), "")
        if isinstance(value, str) and value.strip() and not value.strip().isdigit():
            return value.strip()
    for value in find_values(sections, (*DONE_KEYS, "success_flag")):
        if isinstance(value, bool):
            return "done" if value else "running"
        if integer(value) in FLAG_WORDS:
            return FLAG_WORDS[int(value)]
    return ""


def has_error(sections: list[Section]) -> bool:
    """Whether a key that names an error holds a text."""
    return any(find_text(value) for value in find_values(sections, ERROR_KEYS))


def reason(document: Any, text: str) -> str:
    """The most specific error text in a reply, cut: of a JSON object, of other JSON, or in plain text."""
    if isinstance(document, dict):
        sections = find_sections(document)
        values = (value for keys in (ERROR_KEYS, REASON_KEYS, GENERAL_KEYS) for value in find_values(sections, keys))
        found = [text for value in values if (text := find_text(value))]
        telling = (text for text in found if text.lower().strip("!. ") not in WEAK_REASONS and not text.isdigit())
        return next(chain(telling, found), "")[:LONGEST_MESSAGE]
    if document is None:
        plain = text.strip()
        return "" if plain.startswith("<") or plain == "null" else plain[:LONGEST_PLAIN_TEXT]
    return find_text(document)[:LONGEST_MESSAGE] if isinstance(document, str | list) else ""


def hidden_reason(value: Any, depth: int = 0) -> str:
    """A reason under any key that says it is one, such as ``filteredReasons``, at any depth, cut; "" without one."""
    if isinstance(value, dict) and depth < DEEPEST:
        hints = (item for key, item in value.items() if HIDDEN_REASON.search(same_key(str(key))))
        texts = (text for item in hints if (text := find_text(item)) and SENTENCE.match(text))
        inner = (hidden_reason(item, depth + 1) for item in value.values())
        return next(filter(None, chain(texts, inner)), "")[:LONGEST_MESSAGE]
    parts = value if isinstance(value, list) and depth < DEEPEST else ()
    return next(filter(None, (hidden_reason(item, depth + 1) for item in parts)), "")


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
    values = list(find_values([document], ("code", "status_code", "status")))
    error = field(document, "error")
    if isinstance(error, dict) and not isinstance(field(document, "data"), dict):
        values.append(field(error, "code"))
    numbers = [number for value in values if (number := integer(value)) is not None]
    return next((number for number in numbers if 400 <= number < 600), None)


def failing_code(document: Section) -> int | str | None:
    """What stands where the envelope has its code for success: a number of any size or a word. None for success."""
    envelope = [part for part in (document, field(document, "baseresp")) if isinstance(part, dict)]
    for value in find_values(envelope, ENVELOPE_CODE_KEYS):
        number = integer(value)
        if number is not None and number not in SUCCESS_CODES:
            return number
        if isinstance(value, str) and find_text(value) and value.lower() not in SUCCESS_WORDS:
            return value
    for name, failing in (("success", False), ("ok", False), ("status", False), ("error", True)):
        value = field(document, name)
        if value is failing or str(value).lower() == str(failing).lower() or (name in ("success", "ok") and value == 0):
            return f"{name}: {str(failing).lower()}"
    return None


def integer(value: Any) -> int | None:
    """A code as a number or as digits; None for anything else."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"-?[0-9]{1,12}", text) else None


def charged_credits(sections: list[Section]) -> float | None:
    """The credits that the service reports; JSON also holds true, infinity and integers of 400 digits."""
    values = find_values(sections, CHARGE_KEYS)
    amounts = (value for value in values if isinstance(value, int | float) and not isinstance(value, bool))
    return next((float(amount) for amount in amounts if 0 <= amount < 1e9), None)
