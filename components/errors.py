"""The error tree. Each class has a stable ``code``, a next step, and says whether the visitor was charged.

PlaygroundError
├── CatalogError            the catalog file is invalid
├── SettingsError           an environment variable is invalid
├── InputError              a parameter is missing or not allowed; nothing was sent
├── NotFound                no such job, comparison, evaluation or picture for this visitor
├── InvalidState            the job or comparison is in a state that does not allow the operation; nothing changed
├── TooLarge                a body or stream exceeds its limit
├── CapReached              a spend cap of this app rejects the request; nothing was sent
├── DatabaseUnavailable     the app's own database does not answer
└── ServiceError            between this app and the service; carries the HTTP status, task id and raw reply
    ├── NotSent             the request provably never left
    ├── RequestRefused      the service says the request is invalid (400, 404, 413, 422)
    ├── KeyRefused          the service rejects the key (401, 403)
    ├── OutOfCredits        the account has no credits left (402)
    ├── Moderated           the service rejects the content
    ├── RateLimited         too many requests (429); carries the wait it asks for
    ├── UpstreamFailed      the service or the model failed
    ├── UnreadableReply     a reply in no known shape
    │   └── NoPicture       the service reports the task done, but the reply contains no picture
    ├── AnswerLost          the request may have arrived, its reply did not
    ├── StillRunning        the deadline passed before the task ended
    └── PictureNotSaved     the task is done, but a picture cannot be fetched or is not an image

The message of an error is written for the visitor. Exceptions of libraries are translated where they occur
(``api.client``, ``pictures.fetch``, ``jobs.store.executor``, ``catalog.loading``), always ``from`` their cause, so that
the log shows both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

NOT_CHARGED = "Nothing was charged."
MAY_BE_CHARGED = "It may have been charged."
CHARGE_UNKNOWN = "The service does not say whether a failed task is charged."


@dataclass(frozen=True)
class Problem:
    """An error as plain text that can be stored with a job.

    ``code`` is the code of the error's class, or ``stopped`` for a job that its visitor stopped. ``what`` says what
    happened. ``charged`` is "" if no money is involved; ``reply`` is the service's raw reply or "", at most 2,000
    characters unless it may be the only copy of a result.
    """

    code: str
    what: str
    next_step: str
    charged: str
    reply: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.charged, self.next_step) if part)


class PlaygroundError(Exception):
    """Base of the tree. ``what`` is a sentence for the visitor.

    Leave ``charged`` empty unless it is known: a job may be running, and charged, while the page cannot show it.
    """

    code: ClassVar[str] = "error"
    charged: str = ""
    next_step: str = ""
    reply: str = ""

    def __init__(self, what: str, *, next_step: str | None = None, charged: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = self.next_step if next_step is None else next_step
        self.charged = self.charged if charged is None else charged

    @property
    def problem(self) -> Problem:
        """The error as it is shown and stored."""
        return Problem(self.code, self.what, self.next_step, self.charged, self.reply)


class CatalogError(PlaygroundError):
    """The catalog is invalid; the message names file, line, model, field and fix."""

    code = "catalog"


class SettingsError(PlaygroundError):
    """An environment variable is invalid; the message names it, never its value."""

    code = "settings"


class InputError(PlaygroundError):
    """A parameter is missing or not allowed. ``field`` is its name in the API.

    ``hint`` is the message shown at the field, without the field's name and without the value: Gradio renders
    it as Markdown, and the value may come from a link made by somebody else.
    """

    code = "input"
    charged = NOT_CHARGED
    next_step = "Correct the field and try again."

    def __init__(
        self, field: str, what: str, *, hint: str = "", next_step: str | None = None, charged: str | None = None
    ) -> None:
        super().__init__(what, next_step=next_step, charged=charged)
        self.field = field
        self.hint = hint or what.removeprefix(f"{field}: ")


class NotFound(PlaygroundError):
    """There is no such job, comparison, evaluation or picture, or it belongs to another visitor.

    The message does not reveal which.
    """

    code = "job"  # from when there were only jobs; callers know it
    next_step = "Check the address or id, and use the browser or visitor id that it belongs to."


class InvalidState(PlaygroundError):
    """The state of a job or comparison does not allow the operation; the message says when it would."""

    code = "state"


class TooLarge(PlaygroundError):
    """More bytes were sent than the limit allows; the message says what was too large."""

    code = "size"
    charged = NOT_CHARGED
    next_step = "Send a smaller body."


class CapReached(PlaygroundError):
    """The request would exceed a spend cap of this app; the message says which, and when it resets."""

    code = "cap"
    charged = NOT_CHARGED
    next_step = "Use your own key, or try again after the reset."


class DatabaseUnavailable(PlaygroundError):
    """The app's database cannot be read or written: locked, full, or not reachable."""

    code = "database"
    next_step = "Try again in a minute. If it happens again, tell the host of this page."


class ServiceError(PlaygroundError):
    """Base of the errors between this app and the service.

    ``status`` is the HTTP status (or the envelope's ``code``), ``task_id`` the service's id if known, ``reply`` the
    raw text of the reply, cut to ``longest_reply`` characters.
    """

    code = "service"
    longest_reply: ClassVar[int | None] = 2000

    def __init__(
        self,
        what: str,
        *,
        next_step: str | None = None,
        charged: str | None = None,
        status: int | None = None,
        task_id: str | None = None,
        reply: str = "",
    ) -> None:
        super().__init__(what, next_step=next_step, charged=charged)
        self.status = status
        self.task_id = task_id
        self.reply = reply[: self.longest_reply]


class NotSent(ServiceError):
    """No connection could be made, so the request never left."""

    code = "not_sent"
    charged = NOT_CHARGED
    next_step = "Check the network and try again."


class RequestRefused(ServiceError):
    """The service understood the request and rejected it (400, 404, 413, 422)."""

    code = "refused"
    charged = NOT_CHARGED
    next_step = "Correct what the service names and try again."


class KeyRefused(ServiceError):
    """The service rejects the key (401, 403)."""

    code = "key"
    charged = NOT_CHARGED
    next_step = "Check the key on the service's API Keys page, or use another one."


class OutOfCredits(ServiceError):
    """The account has no credits left (402)."""

    code = "credits"
    charged = NOT_CHARGED
    next_step = "Top up on the service's billing page, or use your own key."


class Moderated(ServiceError):
    """The service rejects the prompt or an input picture because of its content."""

    code = "moderation"
    charged = CHARGE_UNKNOWN
    next_step = "Rephrase the prompt or use another input picture. The same request will be rejected again."


class RateLimited(ServiceError):
    """Too many requests (429). ``retry_after`` is the wait the service asks for, in seconds, or None."""

    code = "rate"
    charged = NOT_CHARGED
    next_step = "Wait a moment and try again."

    def __init__(self, what: str, *, retry_after: float | None = None, status: int | None = 429, reply: str = "") -> None:
        super().__init__(what, status=status, reply=reply)
        self.retry_after = retry_after


class UpstreamFailed(ServiceError):
    """The service or the model failed."""

    code = "failed"
    charged = CHARGE_UNKNOWN
    next_step = "Try again, or try another model."


class UnreadableReply(ServiceError):
    """A reply in no known shape: broken JSON, HTML, a finished task without a picture, an unknown state."""

    code = "unreadable"
    charged = MAY_BE_CHARGED
    next_step = "Report the task id and the raw reply to the service."


class NoPicture(UnreadableReply):
    """The service reports the task done, but the reply contains no picture, or not yet."""

    code = "no_picture"


class AnswerLost(ServiceError):
    """The request may have arrived; its reply did not (5xx, reset, read timeout, unreadable reply).

    A reply that cannot be read may be the only copy of a paid result, so all of it is kept.
    """

    code = "lost"
    longest_reply = None
    charged = "It may have been charged, so sending it again may pay twice."
    next_step = "Send it again or dismiss it."


class StillRunning(ServiceError):
    """The deadline passed before the service finished."""

    code = "timeout"
    charged = "It may still finish and be charged."
    next_step = "Check again."


class PictureNotSaved(ServiceError):
    """The task is done, but a picture could not be fetched, is too large, or is not an image.

    ``definite``: what is at the address can never be kept; otherwise it may still arrive.
    """

    code = "picture"
    charged = "The task was done, so it was most likely charged."
    next_step = "Check again; the picture may still be at the service."

    def __init__(self, what: str, *, definite: bool = False) -> None:
        super().__init__(what)
        self.definite = definite
