"""What goes over the wire, read tolerantly in this one place; everything after it is typed and strict.

No public page shows the body of the status route, so every shape that the service's pages, its sibling
routes and its public clients suggest is accepted: enveloped or flat, snake or camel case, results as text,
lists, objects or JSON in a string. A URL is never taken from an echo of the request, nor is one that stood
in the body that was sent: a reference picture must not pass for a result.

The key sets are also what the snippets and the sandbox are made from. Keys are compared without case and
underscores, so ``taskId`` equals ``task_id``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from components.api.refusals import DEEPEST, read_json, refusal
from components.errors import Moderated, NoPicture, ServiceError, UnreadableReply, UpstreamFailed

ID_KEYS = ("task_id", "taskId", "id")
STATE_KEYS = ("status", "state", "task_status")
RESULT_KEYS = (
    "output", "outputs", "result", "results", "result_url", "result_urls", "result_json", "image", "images",
    "image_url", "image_urls", "response", "response_data", "url", "urls",
)  # fmt: skip
ECHO_KEYS = (
    "request", "request_body", "request_params", "input", "inputs", "input_urls", "input_images", "params", "parameters",
    "payload", "reference_images", "mask_image", "callback_url", "webhook", "webhook_url", "thumbnail", "thumbnails",
    "thumbnail_url", "thumb", "error",
)  # fmt: skip
SPECIFIC_ERROR_KEYS = ("error", "error_message", "fail_message", "fail_msg", "fail_reason", "failure_reason")
GENERAL_ERROR_KEYS = ("message", "msg", "detail")
CHARGE_KEYS = ("consumed_credits", "credits_consumed", "credits_used")

RUNNING_WORDS = ("in_progress", "pending", "queued", "processing", "running", "submitted")
DONE_WORDS = ("completed", "complete", "success", "succeeded", "done")
FAILED_WORDS = ("failed", "fail", "error", "cancelled")
NO_ERROR = ("", "0", "success", "succeeded", "ok", "none", "null")


class Phase(StrEnum):
    """What a status word means."""

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
    """A reply of either route, understood.

    ``images`` are addresses (http, https or ``data:``) in the service's order; ``word`` is its own state
    word or ""; ``message`` its error text or ""; ``charged`` the credits it reports, None where it does not.
    """

    phase: Phase
    task_id: str | None = None
    images: tuple[str, ...] = ()
    word: str = ""
    message: str = ""
    charged: float | None = None
    raw: str = ""

    @property
    def failure(self) -> ServiceError:
        """The error of a failed task, by what its message speaks of."""
        error = refusal(None, self.raw, message=self.message)
        kind = Moderated if isinstance(error, Moderated) else UpstreamFailed
        said = f": {self.message.rstrip('. ')}." if self.message else ", and gives no reason."
        return kind(f"The service says the task failed{said}", task_id=self.task_id, reply=self.raw)


def same_key(key: str) -> str:
    """A key without case and underscores."""
    return key.replace("_", "").lower()


def read_created(status: int, text: str, body: Mapping[str, Any]) -> Reply:
    """The answer to a POST of ``body``: a task id, or perhaps the finished result at once.

    Raises:
        ServiceError: the refusal that the answer is, or UnreadableReply.
    """
    root = _document(status, text)
    reply = _reply(root, text, body, any_word=True)
    if reply.phase is Phase.DONE and reply.images:
        return reply
    if reply.task_id:
        # An envelope's own "success" says that the task was created, not that it has ended.
        phase = Phase.FAILED if reply.phase is Phase.FAILED else Phase.RUNNING
        return Reply(phase, reply.task_id, (), reply.word, reply.message, reply.charged, reply.raw)
    if reply.message and reply.phase is Phase.FAILED:  # a message alone may say that the request is in a queue
        raise refusal(None, text, message=reply.message)
    raise UnreadableReply("The service answered without a task id.", status=status, reply=text)


def read_task(status: int, text: str, body: Mapping[str, Any], task_id: str) -> Reply:
    """The answer to a GET of a task that ``body`` created.

    Raises:
        ServiceError: the refusal that the answer is; NoPicture for a finished task without one, UnreadableReply for
            an unknown state word, or no state at all.
    """
    reply = _reply(_document(status, text), text, body)
    if reply.phase is Phase.DONE and not reply.images:
        raise NoPicture(
            f"The service says {reply.word or 'done'}, but its reply holds no picture.", task_id=task_id, reply=text
        )
    return Reply(reply.phase, task_id, reply.images, reply.word, reply.message, reply.charged, reply.raw)


def read_called_back(text: str) -> str:
    """The task id that a callback's body names, or "". What else a callback says is not documented, nor believed."""
    root = read_json(text)
    if not isinstance(root, dict):
        return ""
    if isinstance(root.get("data"), str):
        root["data"] = read_json(root["data"])
    return next((str(value) for value in _values(_places(root), ID_KEYS) if _is_id(value)), "")


def _document(status: int, text: str) -> dict[str, Any]:
    """The JSON object of an answer, after every way of saying no has been looked for."""
    if status >= 400:
        raise refusal(status, text)
    root = read_json(text)
    if not isinstance(root, dict):
        start = text.lstrip()[:1]
        what = "a web page" if start == "<" else "something that is not the JSON it promised"
        raise UnreadableReply(f"The service answered with {what} ({status}).", status=status, reply=text)
    if isinstance(root.get("data"), str):
        root["data"] = read_json(root["data"])
    code = _code(root.get("code"))
    if code is None and isinstance(root.get("error"), dict) and not isinstance(root.get("data"), dict):
        code = _code(root["error"].get("code"))
    if code is not None and code >= 400:
        raise refusal(code, text)
    return root


def _code(value: Any) -> int | None:
    """An HTTP status written as a number or as its digits; None for everything else."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) == 3 else None


def _reply(root: dict[str, Any], text: str, body: Mapping[str, Any], *, any_word: bool = False) -> Reply:
    """``any_word``: a state that nobody knows is no obstacle where the task id is what matters."""
    places = _places(root)
    sent = set(_texts(body))
    images = tuple(dict.fromkeys(url for url in _addresses(root) if url not in sent))
    task_id = next((str(value) for value in _values(places, ID_KEYS) if _is_id(value)), None)
    word, message = _state_word(places), _error_text(places)
    phase = PHASES.get(word.lower()) if word else None
    if word and phase is None and any_word and task_id:
        phase = Phase.RUNNING
    if word and phase is None:
        raise UnreadableReply(
            f"The service says {word[:60]!r}, a state that nobody here knows.", task_id=task_id, reply=text
        )
    if phase is None:
        failed = any(_text_of(value) for value in _values(places, SPECIFIC_ERROR_KEYS))
        if not (images or failed or task_id):
            raise UnreadableReply("The service's reply names no state.", reply=text)
        phase = Phase.DONE if images else Phase.FAILED if failed else Phase.RUNNING
    charge = next((float(value) for value in _values(places, CHARGE_KEYS) if _is_amount(value)), None)
    return Reply(phase, task_id, images, word, message, charge, text[:2000])


def _places(root: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects that may hold id, state and error: the envelope's data first, then the envelope."""
    data = root.get("data")
    if isinstance(data, list):
        data = data[0] if data else None
    return [data, root] if isinstance(data, dict) else [root]


def _values(places: list[dict[str, Any]], keys: tuple[str, ...]) -> Iterator[Any]:
    wanted = [same_key(key) for key in keys]
    for place in places:
        found = {same_key(str(key)): value for key, value in place.items()}
        yield from (found[key] for key in dict.fromkeys(wanted) if found.get(key) is not None)


def _state_word(places: list[dict[str, Any]]) -> str:
    words = [
        value for value in _values(places, STATE_KEYS) if isinstance(value, str) and value.strip() and not value.isdigit()
    ]
    if words:
        return words[0].strip()
    kind = places[0].get("type")
    return kind if isinstance(kind, str) and kind.lower() in PHASES else ""


def _error_text(places: list[dict[str, Any]]) -> str:
    for keys in (SPECIFIC_ERROR_KEYS, GENERAL_ERROR_KEYS):
        for value in _values(places, keys):
            if text := _text_of(value):
                return text[:600]
    return ""


def _text_of(value: Any, depth: int = 0) -> str:
    if depth > DEEPEST:
        return ""
    if isinstance(value, dict):
        found = {same_key(str(key)): item for key, item in value.items()}
        named = (found.get(key) for key in ("message", "msg", "detail", "reason", "code", "type"))
        return next((text for item in named if (text := _text_of(item, depth + 1))), "")
    if isinstance(value, list):
        return "; ".join(text for item in value[:5] if (text := _text_of(item, depth + 1)))
    if isinstance(value, bool) or value is None:
        return ""
    text = str(value).strip()
    return "" if text.lower() in NO_ERROR else text


def _is_id(value: Any) -> bool:
    """A usable id: dots alone would climb out of the status route's path."""
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip(". ") != ""


def _is_amount(value: Any) -> bool:
    """A sum of credits that anybody could mean; JSON also holds true, infinity and integers of 400 digits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


RESULTS = {same_key(key) for key in RESULT_KEYS}
ECHOES = {same_key(key) for key in ECHO_KEYS}


def _addresses(value: Any, inside: bool = False, depth: int = 0) -> Iterator[str]:
    """Every address under a result key, in order, never from an echo."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            name = same_key(str(key))
            if name not in ECHOES:
                yield from _addresses(item, inside or name in RESULTS, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _addresses(item, inside, depth + 1)
    elif isinstance(value, str) and inside:
        text = value.strip()
        if text.startswith(("http://", "https://", "data:image/")):
            yield text
        elif text.startswith(("{", "[")):
            yield from _addresses(read_json(text), inside, depth + 1)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value.strip()
