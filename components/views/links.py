"""The paths of this application's routes, and the links to them.

A link on the page is relative: ``pictures/x.png``, without a leading slash. The page lies at the root of the
application, so such a link works below any path prefix and behind any proxy, with nothing to configure. A page that
lies deeper names its depth: ``/c/{token}`` links with ``depth=1``. Only what is read outside of this page (Open Graph
tags, answers of the endpoints) is absolute, and begins with the address that the application was called at.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from components.jobs.job import Job
from components.pictures.stored import StoredPicture
from components.playground.visits import link_proof

PICTURES = "/pictures"
DOWNLOADS = "/files"
ARCHIVE = "/files.zip"
HISTORY_ARCHIVE = "/history.zip"
HISTORY_DATA = "/history"
MOST_ARCHIVED_JOBS = 200
RECIPE = "/recipe"
COMPARISONS = "/comparisons"
PUBLISHED = "/c"
PICKER = "/picker"
SAMPLES = "/samples"
MODELS_CSV = "/models.csv"
WHAT_IF_CSV = "/plans.csv"
SANDBOX = "/sandbox"
PROOF_PARAMETER = "by"  # the last parameter that a proof covers: what follows it is free
EVALUATIONS = "/evaluations"
PROMPT_FILE = "/prompt-file"
VOTING = "/vote"


def link(path: str, depth: int = 0) -> str:
    """The relative link to a route from a page that lies ``depth`` folders below the application's root."""
    return "../" * depth + path.removeprefix("/")


def depth_of(path: str) -> int:
    """How many folders below the application's root a page lies, by its path without the prefix."""
    return max(0, path.count("/") - 1)


def own_link(path: str, visitor: str) -> str:
    """The link to a route that answers its visitor alone. It proves who follows it: some browsers keep no cookie here."""
    return link(f"{path}{'&' if '?' in path else '?'}{PROOF_PARAMETER}={visitor}.{link_proof(visitor, path)}")


def picture_path(name: str) -> str:
    """The route of a kept picture."""
    return f"{PICTURES}/{name}"


def sample_path(name: str) -> str:
    """The route of a sample, by the content hash of its picture."""
    return f"{SAMPLES}/{name}.webp"


def picture_link(picture: StoredPicture) -> str:
    """A kept picture in full size."""
    return link(picture_path(picture.name))


def thumbnail_link(picture: StoredPicture) -> str:
    """A small copy of a kept picture; an SVG has none and is its own."""
    return picture_link(picture) if picture.format == "svg" else f"{picture_link(picture)}/small"


def download_link(job: Job, index: int) -> str:
    """The download of one picture of a job with its recipe inside; add ``&recipe=0`` for the file as it came."""
    return own_link(f"{DOWNLOADS}/{job.id}/{index + 1}", job.visitor)


def reply_link(job: Job) -> str:
    """The download of the service's reply that a job ended with."""
    return own_link(f"{DOWNLOADS}/{job.id}/reply.txt", job.visitor)


def archive_link(job_ids: Iterable[str], visitor: str) -> str:
    """A ZIP of the pictures of these jobs of the visitor."""
    return own_link(f"{ARCHIVE}?{urlencode([('job', job_id) for job_id in job_ids])}", visitor)


def published_path(token: str) -> str:
    """The route of a published comparison."""
    return f"{PUBLISHED}/{token}"


def what_if_link(pictures: float, budget_usd: float) -> str:
    """The what-if table as CSV, for so many pictures and US dollars a month."""
    return link(f"{WHAT_IF_CSV}?pictures={pictures:g}&budget={budget_usd:g}")
