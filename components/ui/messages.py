"""Sentences and labels that visitors read, each written once."""

from __future__ import annotations

from components.api import Account
from components.costs import Cost, credits_text
from components.errors import PlaygroundError
from components.jobs import Job, JobState
from components.ui.services import Services, Visit

TITLE = "Image playground for API in One"
TAGLINE = "{} image models, one endpoint."
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")

SANDBOX_BANNER = (
    "Sandbox: these are drawings made here from your settings, not model output. Add a key to use the real models."
)
KEY_WITHHELD = (
    "This Space holds a key, but no daily cap limits it, so it is not used for visitors. "
    "Whoever runs the Space can set PLAYGROUND_DAILY_CREDITS."
)
KEPT = "Pictures stay in this page's data folder; what was asked is remembered until its server restarts."
NOT_DURABLE = "This Space has no durable storage: pictures are gone after a restart. Download what you want to keep."

STATE_WORDS = {
    JobState.QUEUED: "Waiting",
    JobState.SUBMITTING: "Sending",
    JobState.RUNNING: "Running",
    JobState.DONE: "Done",
    JobState.FAILED: "Failed",
    JobState.UNCERTAIN: "Unsure",
    JobState.STOPPED: "Stopped",
}


def tagline(services: Services) -> str:
    """``Eleven image models, one endpoint.``"""
    count = len([model for model in services.catalog.models if model.runnable])
    return TAGLINE.format(NUMBERS[count] if count < len(NUMBERS) else count)


def state_word(job: Job) -> str:
    """One word for where a job is; ``Saving`` while its pictures are fetched."""
    if job.overdue:
        return "Still running" if not job.waiting else "Not saved yet"
    return "Saving" if job.saving else STATE_WORDS[job.state]


def button_text(cost: Cost) -> str:
    return f"Generate · {cost}"


def banner(services: Services, account: Account) -> str:
    return SANDBOX_BANNER if account.payer == "sandbox" else ""


async def pill(services: Services, visit: Visit) -> tuple[str, str]:
    """Whose money is being spent, as (kind of payer, words)."""
    account = services.account(visit)
    if account.payer == "sandbox":
        return "sandbox", "Sandbox · drawings, free"
    if account.payer == "visitor":
        spent = await services.runner.spent_by(visit.visitor)
        return "visitor", f"Your key · {credits_text(spent)} this visit"
    today = await services.runner.spent_today()
    if services.caps.daily is None:
        return "host", f"Host key · {credits_text(today)} used today"
    left = max(0.0, services.caps.daily - today)
    return "host", f"Host key · {left:g} of {credits_text(services.caps.daily)} left today"


def plain(error: PlaygroundError) -> str:
    """An error as one paragraph, for callers without a page."""
    return str(error.problem)
