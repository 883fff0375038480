"""What a visitor is told about a job that ended, or waits, for a reason of this page and not of the service."""

from __future__ import annotations

from components.errors import CHARGE_UNKNOWN, NOT_CHARGED, AnswerLost, PlaygroundError, Problem, ServiceError
from components.jobs.job import Job

WAITS_FOR_KEY = "Waits for the key it was started with: enter it again, and it goes on. Keys are never stored."
WAITS_FOR_HOST = "Waits: this page has no key any more for the service that runs it."
LET_GO = "You let it go."


def stopped(job: Job) -> Problem:
    """A stopped job, in words that fit how far it had come."""
    if job.waiting:
        what = "Stopped before the pictures were fetched. They were done."
        return Problem("stopped", what, "Check again to fetch them.", "They were most likely charged.")
    if job.task_id is None:
        return Problem("stopped", "Stopped before anything was created.", "", NOT_CHARGED)
    what = f"Stopped watching task {job.task_id}. The service has no known way to cancel it."
    return Problem("stopped", what, "Check again to see what became of it.", "It may still finish and be charged.")


def left_while_sending() -> PlaygroundError:
    """The process that sent the request died before it could note the answer."""
    return AnswerLost("This page's server stopped while the request was being sent. It may have been accepted.")


def never_sent() -> PlaygroundError:
    """A request that had waited for too long when somebody found it."""
    return ServiceError(
        "This page's server stopped before the request was sent, and too much time has passed since.",
        next_step="Ask again if you still want it.",
        charged=NOT_CHARGED,
    )


def broken_while_sending() -> PlaygroundError:
    """Whatever nobody foresaw, in the one moment in which it may cost a task."""
    return AnswerLost("Something broke on this page while the request was being sent. It may have been accepted.")


def broken(job: Job) -> PlaygroundError:
    """Whatever nobody foresaw."""
    return ServiceError(
        "Something broke on this page, not at the service.",
        task_id=job.task_id,
        next_step="Check again, or tell whoever runs this page.",
        charged=CHARGE_UNKNOWN if job.sent_at else NOT_CHARGED,
    )
