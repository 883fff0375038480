"""Everything that can go wrong, as one tree. Each class says what to do next and whether it was charged.

PlaygroundError
├── CatalogError          the catalog file is at fault
├── SettingsError         an environment value is at fault
├── InputError            a parameter is missing or not allowed; nothing was sent
├── JobNotFound           no such job for this visitor
├── InvalidState                what is asked for does not fit the state of the job or the comparison; nothing changed
├── TooLarge              more bytes were sent than are accepted
├── CapReached            a spend cap of this page refuses the request; nothing was sent
├── DatabaseUnavailable    this page's own database does not answer
└── ServiceError          between us and the service; carries the HTTP status, task id and raw reply
    ├── NotSent           the request provably never left
    ├── RequestRefused    the service says the request is wrong (400, 404, 413, 422)
    ├── KeyRefused        the service refuses the key (401, 403)
    ├── OutOfCredits      the account has no credits (402)
    ├── Moderated         the service refuses the content
    ├── RateLimited       too many requests (429); carries the wait it asks for
    ├── UpstreamFailed    the service or the model failed
    ├── UnreadableReply   a reply in no known shape
    │   └── NoPicture     the service calls the task done and shows no picture
    ├── AnswerLost        the request may have arrived, its answer did not
    ├── StillRunning      our deadline passed before the task's end
    └── PictureNotSaved     the task is done, a picture could not be fetched or is not one

The message of an error is written for the visitor. Foreign exceptions are translated where they appear
(``api.client``, ``jobs.fetching``, ``jobs.transactions``, ``catalog.loading``), always ``from`` their cause, so the log keeps both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

NOT_CHARGED = "Nothing was charged."
MAY_BE_CHARGED = "It may have been charged."
CHARGE_UNKNOWN = "The service does not say whether a failed task is charged."


@dataclass(frozen=True)
class Problem:
    """What a visitor is told about an error, as plain text that a job can keep.

    ``kind`` is the error's class in one word (``input size job state cap records catalog settings key credits moderation
    rate upstream timeout unreadable lost picture stopped error``). ``charged`` is "" where no money is concerned,
    ``reply`` the service's raw answer, cut to 2,000 characters, or "".
    """

    kind: str
    what: str
    next_step: str
    charged: str
    reply: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.charged, self.next_step) if part)


class PlaygroundError(Exception):
    """Base of the tree. ``what`` is a sentence for the visitor.

    ``charged`` is said only by those who know: a job may be running, and paid, while a page cannot show it.
    """

    kind: ClassVar[str] = "error"
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
        """The error as a visitor reads it."""
        return Problem(self.kind, self.what, self.next_step, self.charged, self.reply)


class CatalogError(PlaygroundError):
    """The catalog cannot be used: the message names file, line, model, field and the fix."""

    kind = "catalog"


class SettingsError(PlaygroundError):
    """An environment value cannot be used: the message names the variable."""

    kind = "settings"


class InputError(PlaygroundError):
    """A parameter is missing or not allowed. ``field`` is its name in the API's own spelling.

    ``hint`` says the same at the field itself, without the field's name and without the value: Gradio reads
    it as Markdown, and a value may come from a stranger's link.
    """

    kind = "input"
    charged = NOT_CHARGED
    next_step = "Correct the field and try again."

    def __init__(
        self, field: str, what: str, *, hint: str = "", next_step: str | None = None, charged: str | None = None
    ) -> None:
        super().__init__(what, next_step=next_step, charged=charged)
        self.field = field
        self.hint = hint or what.removeprefix(f"{field}: ")


class JobNotFound(PlaygroundError):
    """There is no such job, or it belongs to another visitor: the two are not told apart."""

    kind = "job"
    next_step = "Check the job id, and that the same visitor asks who started it."


class InvalidState(PlaygroundError):
    """A job or a comparison is in no state for what is asked; it stays as it is. The message says when it could be."""

    kind = "state"


class TooLarge(PlaygroundError):
    """More bytes were sent than are accepted. Whoever reads the stream says what was too large, in the visitor's words."""

    kind = "size"
    charged = NOT_CHARGED
    next_step = "Send less."


class CapReached(PlaygroundError):
    """A spend cap of this page would be passed; the message says which, and when it resets."""

    kind = "cap"
    charged = NOT_CHARGED
    next_step = "Use your own key, or come back after the reset."


class DatabaseUnavailable(PlaygroundError):
    """The database of this page cannot be read or written: locked for long, full, or gone."""

    kind = "records"
    next_step = "Try again in a minute, or tell whoever runs this page."


class ServiceError(PlaygroundError):
    """Something between us and the service.

    ``status`` is the HTTP status (or the ``code`` of an envelope), ``task_id`` the service's id where one
    is known, ``reply`` the raw text of the answer (cut to 2,000 characters).
    """

    kind = "upstream"

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
        self.reply = reply[:2000]


class NotSent(ServiceError):
    """No connection could be made, so the request never left."""

    charged = NOT_CHARGED
    next_step = "Check the network and try again."


class RequestRefused(ServiceError):
    """The service understood the request and refused it (400, 404, 413, 422)."""

    kind = "input"
    charged = NOT_CHARGED
    next_step = "Change what the service names and try again."


class KeyRefused(ServiceError):
    """The service refuses the key (401, 403)."""

    kind = "key"
    charged = NOT_CHARGED
    next_step = "Check the key on the service's API Keys page, or use another one."


class OutOfCredits(ServiceError):
    """The account has no credits left (402)."""

    kind = "credits"
    charged = NOT_CHARGED
    next_step = "Top up on the service's billing page, or use your own key."


class Moderated(ServiceError):
    """The service refuses the prompt or an input picture for its content."""

    kind = "moderation"
    charged = CHARGE_UNKNOWN
    next_step = "Rephrase the prompt or use another input picture. The same request will be refused again."


class RateLimited(ServiceError):
    """Too many requests (429). ``retry_after`` is the wait the service asks for, in seconds, or None."""

    kind = "rate"
    charged = NOT_CHARGED
    next_step = "Wait a little and try again."

    def __init__(self, what: str, *, retry_after: float | None = None, status: int | None = 429, reply: str = "") -> None:
        super().__init__(what, status=status, reply=reply)
        self.retry_after = retry_after


class UpstreamFailed(ServiceError):
    """The service or the model behind it failed."""

    charged = CHARGE_UNKNOWN
    next_step = "Try again, or try another model."


class UnreadableReply(ServiceError):
    """A reply in no known shape: broken JSON, HTML, a finished task without a picture, an unknown state."""

    kind = "unreadable"
    charged = MAY_BE_CHARGED
    next_step = "Report the task id and the raw reply to the service."


class NoPicture(UnreadableReply):
    """The service calls the task done, and its reply holds no picture, or not yet."""


class AnswerLost(ServiceError):
    """The request may have arrived; its answer did not (5xx, reset, read timeout, unreadable answer)."""

    kind = "lost"
    charged = MAY_BE_CHARGED
    next_step = "Ask again, which may pay twice, or let it go."


class StillRunning(ServiceError):
    """Our deadline passed and the service had not finished."""

    kind = "timeout"
    charged = "It may still finish and be charged."
    next_step = "Check again."


class PictureNotSaved(ServiceError):
    """The task is done but a picture could not be fetched, or what came is not an acceptable picture."""

    kind = "picture"
    charged = "The task was done, so it was most likely charged."
    next_step = "Check again; the picture may still be at the service."
