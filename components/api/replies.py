"""Read the replies of both routes: the only tolerant reader. What it returns is typed and strict.

No public page shows the body of the status route. So every shape is accepted that the service's pages, its sibling
routes and its public clients suggest: with or without the ``{code, message, data}`` envelope, snake or camel case,
results as text, base64, lists, objects or JSON in a string. An address is never taken from an echo of the request, nor
one that was in the body that was sent: an input picture must not pass for a result.

``documents.py`` and ``fields.py`` find the values; this module says what they mean.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, cast

from components.api import fields
from components.api.documents import (
    addresses_in,
    find_images,
    find_likely_images,
    find_sections,
    find_texts,
    read_document,
    same_key,
    unwrapped,
)
from components.api.refusals import refusal
from components.errors import NOT_CHARGED, Moderated, NoPicture, ServiceError, UnreadableReply, UpstreamFailed

RUNNING_WORDS = (
    "in_progress", "pending", "queued", "queueing", "in_queue", "processing", "running", "generating", "submitted", "created",
    "waiting", "starting", "started", "not_start", "not_started", "queuing", "enqueued", "accepted", "active", "executing",
    "scheduled", "rendering", "working", "initializing", "preparing", "retrying", "booting", "uploading",
)  # fmt: skip
DONE_WORDS = ("completed", "complete", "success", "succeeded", "succeed", "done", "finished")
FAILED_WORDS = ("failed", "fail", "failure", "error")  # these give no reason; any other word of failure is one
DONE_PARTS = re.compile("complet|succe|partial|erfolg|abgeschlossen")  # beside images, such as COMPLETED_WITH_ERRORS
DONE_ENDS = re.compile(
    "(?<!not)(?<!un)(completed|succeeded|success|successful|successfully|finished|done|fertig|abgeschlossen|erfolgreich)$"
)
FAILED_PARTS = re.compile(
    "fail|error|cancel|abort|reject|expire|moderat|terminat|nsfw|timeout|timedout|denied|blocked|stopped|killed|crash|refus"
    "|declin|forbid|violat|flagged|sensitive|banned|unsafe|filtered|unsuccess|incomplete|invalid|deleted|revoked|fehler"
    "|fehlgeschlagen|abgebrochen|abgelehnt|storniert|exception|erreur|badrequest|echec|echou|annul|rejet|fallid|fallad|fallo"
    "|rechaz|expirad|falh|recusad|erro|отмен|ошибк|неудач|отклон|失败|失敗|取消|错误|拒绝|超时|违规|エラー|却下|キャンセル|실패|오류|취소"
)
ONGOING = re.compile("^(?!fail|error)(pending|awaiting|[a-z]*(ing|pending|inprogress|queued)$)")  # whatever else it contains
WORD_PREFIX = re.compile("^(task|job)(status|state)")
# Under ``code``: after these a poll may still find the task. Every other code of an error ends it.
TRANSIENT_CODES = {401, 402, 403, 404, 408, 409, 425, 429, 502, 503, 504}
GONE = 410
MORE_IMAGES = 4  # than were asked for are read at most
LONGEST_RAW = 2000  # characters


class Phase(StrEnum):
    """What a state word means."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


PHASES: Mapping[str, Phase] = {
    **dict.fromkeys(map(same_key, RUNNING_WORDS), Phase.RUNNING),
    **dict.fromkeys(map(same_key, DONE_WORDS), Phase.DONE),
    **dict.fromkeys(map(same_key, FAILED_WORDS), Phase.FAILED),
}


@dataclass(frozen=True)
class Reply:
    """A reply of either route.

    ``images`` are addresses in the service's order: http, https or ``data:``, or relative to the service's own. ``word``
    is its own state word or "", ``word_known`` whether we know what it means; ``message`` its error text or "";
    ``charged`` the credits it reports, None if it reports none; ``raw`` the text of the reply, cut; ``codes`` its error
    codes in lower case.
    """

    phase: Phase
    task_id: str | None = None
    images: tuple[str, ...] = ()
    word: str = ""
    word_known: bool = True
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


def read_created(status: int, text: str, body: Mapping[str, Any], count: int) -> Reply:
    """Read the reply to a POST of ``body``, which asks for ``count`` images: a task id, or perhaps the finished result.

    Raises:
        ServiceError: the service refused the request.
        UnreadableReply: the reply has no known shape; a task may exist.
    """
    document = _read_object(status, text)
    if code := fields.error_status(document):
        raise _refusal(code, document, text)
    reply = _read_reply(document, text, body, count)
    if reply.images and reply.phase is not Phase.FAILED and (reply.phase is Phase.DONE or not reply.task_id):
        return replace(reply, phase=Phase.DONE)  # without a task id these images are all there will ever be
    if reply.task_id:
        # The "success" of an envelope says that the task was created, not that it has ended.
        return replace(reply, phase=Phase.FAILED if reply.phase is Phase.FAILED else Phase.RUNNING, images=())
    if reply.phase is Phase.FAILED:
        number = fields.failing_code(document)
        error = _refusal(number if isinstance(number, int) else None, document, text)
        error.charged = NOT_CHARGED
        raise error
    raise UnreadableReply("The service answered without a task id.", status=status, reply=text)


def read_task(status: int, text: str, body: Mapping[str, Any], task_id: str, count: int) -> Reply:
    """Read the reply to a GET of the task that ``body`` created, which asks for ``count`` images.

    Raises:
        ServiceError: the service says nothing about the task; a later poll may succeed.
        NoPicture: the task is done and the reply has no image.
        UnreadableReply: the reply has no known shape.
    """
    if status == GONE or _failed_with(status, text):
        message = fields.reason(read_document(text), text) or f"the task is gone ({status})"
        return Reply(Phase.FAILED, task_id, message=message, raw=text[:LONGEST_RAW])
    document = _read_object(status, text)
    code = fields.error_status(document)
    if code in TRANSIENT_CODES:
        raise _refusal(code, document, text)
    reply = replace(_read_reply(document, text, body, count), task_id=task_id)
    if code:
        return replace(reply, phase=Phase.FAILED, message=reply.message or f"code {code}")
    if reply.phase is Phase.DONE and not reply.images:
        message = reply.message or fields.hidden_reason(document)
        says = f" It says: {message.rstrip('. ')}." if message else ""
        raise NoPicture(
            f"The service says {reply.word or 'done'}, but its reply holds no picture.{says}", task_id=task_id, reply=text
        )
    return reply


def _failed_with(status: int, text: str) -> bool:
    """Whether an HTTP error other than a passing one comes with a state word of failure."""
    if not 400 <= status < 500 or status in TRANSIENT_CODES:
        return False
    document = read_document(text)
    word = fields.state_word(find_sections(document)) if isinstance(document, dict) else ""
    return _phase(word, has_images=False) is Phase.FAILED and _name(word) != "error"


def read_callback_task_id(text: str) -> str:
    """The task id in the body of a callback, or "". The rest is not documented and not used."""
    document = read_document(text)
    return fields.task_id(document) or "" if isinstance(document, dict) else ""


def _read_object(status: int, text: str) -> dict[str, Any]:
    """The JSON object of a reply; a list becomes its ``data``, and a key around everything is left out.

    Raises the error that an HTTP status from 400 on is, or UnreadableReply.
    """
    document = read_document(text)
    if status >= 400:
        raise _refusal(status, document, text)
    if isinstance(document, list):
        return {"data": document}
    if isinstance(document, dict):
        return cast("dict[str, Any]", unwrapped(document))
    what = "a web page" if text.lstrip("\ufeff \t\r\n").startswith("<") else "something that is not the JSON it promised"
    what = what if text.strip() else "nothing"
    task_id = fields.named_task_id(text)
    raise UnreadableReply(f"The service answered with {what} ({status}).", status=status, task_id=task_id, reply=text)


def _refusal(status: int | None, document: Any, text: str) -> ServiceError:
    message = fields.reason(document, text) or fields.hidden_reason(document)
    error = refusal(status, codes=fields.error_codes(document), message=message, reply=text)
    error.task_id = fields.named_task_id(text)
    return error


def _read_reply(document: dict[str, Any], text: str, body: Mapping[str, Any], count: int) -> Reply:
    sections = find_sections(document)
    task_id, message, word = fields.task_id(document), fields.reason(document, text), _state_word(sections)
    has_error, failing = fields.has_error(sections), fields.failing_code(document)
    images = _results(find_images(document), body, count)
    if not (images or word or task_id):
        images = _results(find_likely_images(document), body, count)
    phase = known = _phase(word, bool(images))
    if phase is Phase.DONE and not images:
        images = _results(find_likely_images(document), body, count)
        if not images and (has_error or failing is not None):
            phase = Phase.FAILED
    elif phase is None and images:
        phase = Phase.DONE
    elif phase is None:
        if has_error or (failing is not None and message) or (isinstance(failing, int) and not task_id):
            phase = Phase.FAILED
        elif word or task_id:
            phase = Phase.RUNNING
        else:
            raise UnreadableReply("The service's reply names no state.", reply=text)
    if phase is Phase.FAILED and not message:
        message = fields.hidden_reason(document)
    if phase is Phase.FAILED and not message:
        message = word if word and _name(word) not in PHASES else f"code {failing}" if failing is not None else ""
    return Reply(
        phase,
        task_id,
        images,
        word,
        known is not None or not word,
        message,
        fields.charged_credits(sections),
        text[:LONGEST_RAW],
        fields.error_codes(document),
    )


def _state_word(sections: list[dict[str, Any]]) -> str:
    kind = sections[0].get("type")
    return fields.state_word(sections) or (kind if isinstance(kind, str) and _name(kind) in PHASES else "")


def _results(addresses: Iterable[str], body: Mapping[str, Any], count: int) -> tuple[str, ...]:
    """The addresses that were not in the body that was sent, each once."""
    sent = {address for text in find_texts(body) for address in (text, *addresses_in(text))}
    return tuple(dict.fromkeys(address for address in addresses if address not in sent))[: count + MORE_IMAGES]


def _phase(word: str, has_images: bool) -> Phase | None:
    """What a state word means, or None if that is not known."""
    name = _name(word)
    if name in PHASES:
        return PHASES[name]
    if has_images and DONE_PARTS.search(name):
        return Phase.DONE
    if FAILED_PARTS.search(name) and not ONGOING.search(name):
        return Phase.FAILED
    return Phase.DONE if DONE_ENDS.search(name) else None


def _name(word: str) -> str:
    """A word without case, accents, spaces, hyphens, underscores, and what a service puts before it."""
    plain = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", word.lower()))
    return WORD_PREFIX.sub("", re.sub(r"[\s_-]", "", plain))
