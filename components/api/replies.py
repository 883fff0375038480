"""Read the replies of both routes: the only tolerant reader. What it returns is typed and strict.

No public page shows the body of the status route. So every shape is accepted that the service's pages, its sibling
routes and its public clients suggest: with or without the ``{code, message, data}`` envelope, snake or camel case,
results as text, lists, objects or JSON in a string. A URL is never taken from an echo of the request, nor one that was
in the body that was sent: an input picture must not pass for a result.

``documents.py`` finds the values; this module says what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from components.api.documents import find_sections, find_text, find_texts, find_urls, find_values, read_document
from components.api.refusals import refusal
from components.errors import Moderated, NoPicture, ServiceError, UnreadableReply, UpstreamFailed

ID_KEYS = ("task_id", "taskId", "id")
STATE_KEYS = ("status", "state", "task_status")
SPECIFIC_ERROR_KEYS = ("error", "error_message", "fail_message", "fail_msg", "fail_reason", "failure_reason")
GENERAL_ERROR_KEYS = ("message", "msg", "detail")
CODE_KEYS = ("code", "type", "error_code")
CHARGE_KEYS = ("consumed_credits", "credits_consumed", "credits_used")

RUNNING_WORDS = ("in_progress", "pending", "queued", "processing", "running", "submitted")
DONE_WORDS = ("completed", "complete", "success", "succeeded", "done")
FAILED_WORDS = ("failed", "fail", "error", "cancelled")
LONGEST_MESSAGE, LONGEST_PLAIN_TEXT, LONGEST_RAW = 600, 300, 2000  # characters


class Phase(StrEnum):
    """What a state word means."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


PHASES: Mapping[str, Phase] = {
    **dict.fromkeys(RUNNING_WORDS, Phase.RUNNING),
    **dict.fromkeys(DONE_WORDS, Phase.DONE),
    **dict.fromkeys(FAILED_WORDS, Phase.FAILED),
}


@dataclass(frozen=True)
class Reply:
    """A reply of either route.

    ``images`` are URLs (http, https or ``data:``) in the service's order; ``word`` is its own state word or "";
    ``message`` its error text or ""; ``charged`` the credits it reports, None if it reports none; ``raw`` the text
    of the reply, cut; ``codes`` its error codes in lower case.
    """

    phase: Phase
    task_id: str | None = None
    images: tuple[str, ...] = ()
    word: str = ""
    message: str = ""
    charged: float | None = None
    raw: str = ""
    codes: tuple[str, ...] = ()

    @property
    def failure(self) -> ServiceError:
        """The error of a failed task."""
        error = refusal(None, codes=self.codes, message=self.message)
        kind = Moderated if isinstance(error, Moderated) else UpstreamFailed
        reason = f": {self.message.rstrip('. ')}." if self.message else ", and gives no reason."
        return kind(f"The service says the task failed{reason}", task_id=self.task_id, reply=self.raw)


def read_created(status: int, text: str, body: Mapping[str, Any]) -> Reply:
    """Read the reply to a POST of ``body``: a task id, or perhaps the finished result.

    Raises:
        ServiceError: the service refused the request.
        UnreadableReply: the reply has no known shape; a task may exist.
    """
    reply = _read_reply(_read_document(status, text), text, body, accept_any_state=True)
    if reply.phase is Phase.DONE and reply.images:
        return reply
    if reply.task_id:
        # The "success" of an envelope says that the task was created, not that it has ended.
        return replace(reply, phase=Phase.FAILED if reply.phase is Phase.FAILED else Phase.RUNNING, images=())
    if reply.message and reply.phase is Phase.FAILED:  # a message without a failed state may say that it is queued
        raise refusal(None, codes=reply.codes, message=reply.message, reply=text)
    raise UnreadableReply("The service answered without a task id.", status=status, reply=text)


def read_task(status: int, text: str, body: Mapping[str, Any], task_id: str) -> Reply:
    """Read the reply to a GET of the task that ``body`` created.

    Raises:
        ServiceError: the service refused the request.
        NoPicture: the task is done and the reply has no image.
        UnreadableReply: an unknown state word, or no state at all.
    """
    reply = replace(_read_reply(_read_document(status, text), text, body), task_id=task_id)
    if reply.phase is Phase.DONE and not reply.images:
        raise NoPicture(
            f"The service says {reply.word or 'done'}, but its reply holds no picture.", task_id=task_id, reply=text
        )
    return reply


def read_callback_task_id(text: str) -> str:
    """The task id in the body of a callback, or "". The rest is not documented and not used."""
    document = read_document(text)
    return _task_id(find_sections(document)) or "" if isinstance(document, dict) else ""


def _read_document(status: int, text: str) -> dict[str, Any]:
    """The JSON object of a reply. Raises the error that it is, if it is one."""
    document = read_document(text)
    if status >= 400:
        raise _refusal(status, document, text)
    if not isinstance(document, dict):
        what = "a web page" if text.lstrip().startswith("<") else "something that is not the JSON it promised"
        raise UnreadableReply(f"The service answered with {what} ({status}).", status=status, reply=text)
    code = _http_status(document.get("code"))
    if code is None and isinstance(document.get("error"), dict) and not isinstance(document.get("data"), dict):
        code = _http_status(document["error"].get("code"))
    if code is not None and code >= 400:
        raise _refusal(code, document, text)
    return document


def _refusal(status: int, document: Any, text: str) -> ServiceError:
    if isinstance(document, dict):
        sections = find_sections(document)
        return refusal(status, codes=_codes(sections), message=_message(sections), reply=text)
    if document is None:
        plain = text.strip()
        message = "" if plain.startswith("<") or plain == "null" else plain[:LONGEST_PLAIN_TEXT]
    else:
        message = find_text(document)[:LONGEST_MESSAGE] if isinstance(document, str | list) else ""
    return refusal(status, message=message, reply=text)


def _http_status(value: Any) -> int | None:
    """An HTTP status as a number or as digits; None for anything else."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) == 3 else None


def _read_reply(document: dict[str, Any], text: str, body: Mapping[str, Any], *, accept_any_state: bool = False) -> Reply:
    """``accept_any_state``: an unknown state word counts as running if there is a task id."""
    sections = find_sections(document)
    sent = set(find_texts(body))
    images = tuple(dict.fromkeys(url for url in find_urls(document) if url not in sent))
    task_id, word = _task_id(sections), _state_word(sections)
    phase = PHASES.get(word.lower())
    if word and phase is None:
        if not (accept_any_state and task_id):
            what = f"The service says {word[:60]!r}, a state that nobody here knows."
            raise UnreadableReply(what, task_id=task_id, reply=text)
        phase = Phase.RUNNING
    if phase is None:
        failed = any(find_text(value) for value in find_values(sections, SPECIFIC_ERROR_KEYS))
        if not (images or failed or task_id):
            raise UnreadableReply("The service's reply names no state.", reply=text)
        phase = Phase.DONE if images else Phase.FAILED if failed else Phase.RUNNING
    charged = next((float(value) for value in find_values(sections, CHARGE_KEYS) if _is_amount(value)), None)
    return Reply(phase, task_id, images, word, _message(sections), charged, text[:LONGEST_RAW], _codes(sections))


def _task_id(sections: list[dict[str, Any]]) -> str | None:
    """The task id. Dots alone are none: in the status route's path they would lead elsewhere."""
    for value in find_values(sections, ID_KEYS):
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip(". "):
            return str(value)
    return None


def _state_word(sections: list[dict[str, Any]]) -> str:
    for value in find_values(sections, STATE_KEYS):
        if isinstance(value, str) and value.strip() and not value.isdigit():
            return value.strip()
    kind = sections[0].get("type")
    return kind if isinstance(kind, str) and kind.lower() in PHASES else ""


def _message(sections: list[dict[str, Any]]) -> str:
    """The most specific error text, cut."""
    for keys in (SPECIFIC_ERROR_KEYS, GENERAL_ERROR_KEYS):
        for value in find_values(sections, keys):
            if text := find_text(value):
                return text[:LONGEST_MESSAGE]
    return ""


def _codes(sections: list[dict[str, Any]]) -> tuple[str, ...]:
    """The error's codes that are words, those of an ``error`` object first."""
    errors = [value for value in find_values(sections, ("error",)) if isinstance(value, dict)]
    codes = (value for value in find_values([*errors, *sections], CODE_KEYS) if isinstance(value, str))
    return tuple(dict.fromkeys(code.lower() for code in codes if code and not code.isdigit()))


def _is_amount(value: Any) -> bool:
    """A plausible number of credits; JSON also holds true, infinity and integers of 400 digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9
