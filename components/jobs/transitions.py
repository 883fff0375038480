"""Every change of a job's state, as pure functions. Nothing else assigns ``Job.state``.

    queued -> submitting -> running(task_id) -> saving -> done (failed if no result can be kept)
                  |              |  deadline: overdue (Check again -> running)      running -> failed
                  |              |  restart, own key: needs_key -> running
                  |  4xx/429 answered: failed, or queued again after Retry-After (nothing was created)
                  |  5xx, reset, read timeout, process died: uncertain -> running (a callback or its visitor names its task)
                  |                                                    -> abandoned (the visitor's decision)
    queued --stop--> stopped        running --stop--> stopped (may still be charged)

Each function takes the job as it is on record and returns the job to record, or None if its state does not allow the
change. They run inside a transaction that may be repeated, so they do nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from components.api.replies import Phase, Reply
from components.errors import CHARGE_UNKNOWN, NOT_CHARGED, AnswerLost, Problem
from components.jobs.job import ACTIVE, WAITING, Job, JobState
from components.pictures.stored import StoredPicture

Transition = Callable[[Job], Job | None]

NEEDS_VISITOR_KEY = "Waiting for the key it was started with. Keys are never stored: enter it again, and the job continues."
NEEDS_HOST_KEY = "Waiting: this page no longer has a key for the service that runs the task."
ABANDONED = "You dismissed it."
OPEN_AT_SERVICE = "What the service delivered is at its own address."
TRIMMED = "One or more of its pictures were deleted to make room for newer ones."

UNDECIDED = frozenset({JobState.UNCERTAIN, JobState.ABANDONED})
FOLLOWED = frozenset({JobState.RUNNING, JobState.SAVING})


def submitting(job: Job, now: float, callback_hash: str) -> Job | None:
    """The request is about to be sent."""
    if job.state is not JobState.QUEUED:
        return None
    return replace(job, state=JobState.SUBMITTING, sent_at=now, status_note="", callback_hash=callback_hash)


def queued_again(job: Job, note: str, now: float) -> Job | None:
    """The service has created nothing and may be asked again; stopped if that was asked for meanwhile."""
    if job.state is not JobState.SUBMITTING:
        return None
    queued = replace(job, state=JobState.QUEUED, status_note=note)
    return stopped(queued, now) if job.stop_requested else queued


def accepted(job: Job, reply: Reply, now: float) -> Job | None:
    """The service has answered with a task, or with the results. A stop that was asked for meanwhile takes effect."""
    if job.state is not JobState.SUBMITTING and job.state not in UNDECIDED:
        return None
    running = replace(
        job,
        state=JobState.RUNNING,
        task_id=reply.task_id,
        charged=reply.charged,
        pending_urls=reply.images,
        problem=None,
        finished_at=None,
        status_note="",
    )
    return stopped(running, now) if job.stop_requested and reply.phase is Phase.RUNNING else running


def uncertain(job: Job, problem: Problem, now: float) -> Job | None:
    """The answer to the request is lost: it may have been accepted."""
    return _settled(job, JobState.UNCERTAIN, problem, now) if job.state is JobState.SUBMITTING else None


def process_died(job: Job, now: float) -> Job | None:
    """The process that sent the request died before it could record the answer."""
    what = "The server of this page stopped while the request was being sent. It may have been accepted."
    return uncertain(job, AnswerLost(what).problem, now)


def broken_while_sending(job: Job, now: float) -> Job | None:
    """An unexpected exception came after the request may have left."""
    what = "This app failed unexpectedly while the request was being sent. It may have been accepted."
    return uncertain(job, AnswerLost(what).problem, now)


def overdue(job: Job, problem: Problem) -> Job | None:
    """The deadline has passed; nobody polls the task until somebody checks again."""
    return _settled(job, JobState.OVERDUE, problem, None) if job.state in FOLLOWED else None


def needs_key(job: Job) -> Job | None:
    """The key that pays for the job is not here."""
    if job.state is not JobState.QUEUED and job.state not in FOLLOWED:
        return None
    note = NEEDS_VISITOR_KEY if job.payer == "visitor" else NEEDS_HOST_KEY
    return replace(_settled(job, JobState.NEEDS_KEY, job.problem, None), status_note=note)


def saving(job: Job, urls: Sequence[str], charged: float | None, now: float, note: str = "") -> Job | None:
    """The task is done, with its results at these addresses. Pictures that are kept already stay; ``note``: why others wait."""
    if job.state not in FOLLOWED:
        return None
    if job.pictures:
        known = [*urls, *job.pending_urls[len(urls) :]]
        saved = [not url for url in job.pending_urls] + [False] * len(known)
        urls = ["" if is_saved else url for url, is_saved in zip(known, saved, strict=False)]
    charged = job.charged if charged is None else charged
    return _done_if_complete(
        replace(job, state=JobState.SAVING, pending_urls=tuple(urls), charged=charged, status_note=note), now
    )


def picture_stored(job: Job, position: int, picture: StoredPicture, now: float) -> Job | None:
    """One result is kept; with the last one the job is done. A stopped job keeps what had arrived."""
    allowed = job.state in (JobState.SAVING, JobState.STOPPED, *WAITING)
    if not allowed or position >= len(job.pending_urls) or not job.pending_urls[position]:
        return None
    before = sum(not url for url in job.pending_urls[:position])
    pictures = (*job.pictures[:before], picture, *job.pictures[before:])
    pending = tuple("" if at == position else url for at, url in enumerate(job.pending_urls))
    return _done_if_complete(replace(job, pictures=pictures, pending_urls=pending), now)


def pictures_refused(job: Job, problem: Problem, now: float) -> Job | None:
    """The results that are missing can never be kept: the job ends with those it has. Their addresses stay for the visitor."""
    if job.state is not JobState.SAVING:
        return None
    count, missing = len(job.pending_urls), sum(map(bool, job.pending_urls))
    what = f"{missing} of {count} pictures could not be kept: {problem.what}" if count > 1 else problem.what
    state = JobState.DONE if job.pictures else JobState.FAILED
    return _settled(job, state, replace(problem, what=what, next_step=OPEN_AT_SERVICE), now)


def picture_trimmed(job: Job, name: str) -> Job | None:
    """A picture of an ended job was deleted to make room."""
    pictures = tuple(picture for picture in job.pictures if picture.name != name)
    return replace(job, pictures=pictures, status_note=TRIMMED) if job.ended and pictures != job.pictures else None


def failed(job: Job, problem: Problem, now: float) -> Job | None:
    """The job ends without a result."""
    waits_unsent = job.state is JobState.NEEDS_KEY and not job.may_cost
    return _settled(job, JobState.FAILED, problem, now) if job.state in ACTIVE or waits_unsent else None


def broken(job: Job, now: float) -> Job | None:
    """An unexpected exception came before the request was sent, or after its answer."""
    charged = CHARGE_UNKNOWN if job.sent_at else NOT_CHARGED
    next_step = "Check again. If it happens again, tell the host of this page."
    return failed(job, Problem("service", "This app failed unexpectedly, not the service.", next_step, charged), now)


def expired(job: Job, now: float) -> Job | None:
    """The request has waited beyond the deadline, and was never sent."""
    what = "The server of this page stopped before the request was sent, and too much time has passed since."
    return failed(job, Problem("service", what, "Send it again if you still want it.", NOT_CHARGED), now)


def stopped(job: Job, now: float) -> Job | None:
    """The visitor stops the job. A request that is being sent is left to arrive, so that its answer is known."""
    if job.state is JobState.SUBMITTING:
        return replace(job, stop_requested=True)
    if job.state in ACTIVE or job.state in WAITING:
        return _settled(job, JobState.STOPPED, _stop_problem(job), now)
    return None


def resumed(job: Job) -> Job | None:
    """Somebody checks again, or has given the key: the job continues where it was left."""
    checkable = job.state in (JobState.OVERDUE, JobState.STOPPED, JobState.FAILED, JobState.NEEDS_KEY)
    if checkable and (job.task_id or job.pending_urls):
        return replace(job, state=JobState.RUNNING, problem=None, finished_at=None, status_note="")
    if job.state is JobState.NEEDS_KEY:
        return replace(job, state=JobState.QUEUED, problem=None, finished_at=None, status_note="")
    return None


def abandoned(job: Job) -> Job | None:
    """The visitor gives up an uncertain job. Its price counts as spent."""
    return replace(job, state=JobState.ABANDONED, status_note=ABANDONED) if job.state is JobState.UNCERTAIN else None


def callback_named(job: Job, task_id: str) -> Job | None:
    """A callback has named the job's task; nothing else is believed before a GET confirms it."""
    unfinished = job.state in ACTIVE or job.state in WAITING or job.state in UNDECIDED
    return replace(job, callback_task_id=task_id) if unfinished and task_id != job.callback_task_id else None


def removed(job: Job) -> Job | None:
    """The visitor deletes a settled job: only what it cost is left, for a cap must not be filled anew by deleting."""
    if not job.settled:
        return None
    state = (
        JobState.ABANDONED if job.state is JobState.UNCERTAIN else JobState.STOPPED if job.state in WAITING else job.state
    )
    pending = ("",) if job.pending_urls else ()  # the only trace of a task that was accepted without an id
    return replace(
        job, state=state, body={}, prompt="", status_note="", pictures=(), problem=None, pending_urls=pending, replaces=""
    )


def _stop_problem(job: Job) -> Problem:
    """Why a job is stopped, and whether it may still be charged."""
    if job.pending_urls:
        what = "Stopped before the pictures were fetched. They were done."
        return Problem("stopped", what, "Check again to fetch them.", "They were most likely charged.")
    if job.task_id is None:
        return Problem("stopped", "Stopped before anything was created.", "", NOT_CHARGED)
    what = f"Stopped watching task {job.task_id}. The service has no known way to cancel it."
    return Problem("stopped", what, "Check again to see what became of it.", "It may still finish and be charged.")


def _done_if_complete(job: Job, now: float) -> Job:
    return job if any(job.pending_urls) else replace(_settled(job, JobState.DONE, None, now), pending_urls=())


def _settled(job: Job, state: JobState, problem: Problem | None, finished_at: float | None) -> Job:
    if problem and problem.charged and job.payer == "sandbox":
        problem = replace(problem, charged=NOT_CHARGED)  # whatever the service would charge
    return replace(
        job,
        state=state,
        problem=problem,
        finished_at=finished_at,
        status_note="",
        idempotency_key=None,
        stop_requested=False,
    )
