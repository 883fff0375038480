"""What a visitor reads about a job that this application stopped, lost or holds back, rather than the API."""

from __future__ import annotations

from components.errors import CHARGE_UNKNOWN, NOT_CHARGED, AnswerLost, PlaygroundError, Problem, ServiceError
from components.jobs.job import Job

NEEDS_VISITOR_KEY = "Waits for the key it was started with: enter it again, and it goes on. Keys are never stored."
NEEDS_HOST_KEY = "Waits: this page has no key any more for the service that runs it."
ABANDONED = "You let it go."


def stopped(job: Job) -> Problem:
    """Why a job is stopped, and whether it may still be charged."""
    if job.pending_urls:
        what = "Stopped before the pictures were fetched. They were done."
        return Problem("stopped", what, "Check again to fetch them.", "They were most likely charged.")
    if job.task_id is None:
        return Problem("stopped", "Stopped before anything was created.", "", NOT_CHARGED)
    what = f"Stopped watching task {job.task_id}. The service has no known way to cancel it."
    return Problem("stopped", what, "Check again to see what became of it.", "It may still finish and be charged.")


def died_while_sending() -> PlaygroundError:
    """The process that sent the request died before it could record the answer."""
    return AnswerLost("This page's server stopped while the request was being sent. It may have been accepted.")


def never_sent() -> PlaygroundError:
    """The request waited for longer than anybody wants it."""
    return ServiceError(
        "This page's server stopped before the request was sent, and too much time has passed since.",
        next_step="Ask again if you still want it.",
        charged=NOT_CHARGED,
    )


def broken_while_sending() -> PlaygroundError:
    """An unexpected exception after the request may have left."""
    return AnswerLost("Something broke on this page while the request was being sent. It may have been accepted.")


def broken(job: Job) -> PlaygroundError:
    """An unexpected exception at any other time."""
    return ServiceError(
        "Something broke on this page, not at the service.",
        task_id=job.task_id,
        next_step="Check again, or tell whoever runs this page.",
        charged=CHARGE_UNKNOWN if job.sent_at else NOT_CHARGED,
    )
