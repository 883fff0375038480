"""The manifest of an evaluation's ZIP: which values it may hold. Any visitor can upload one, with any content."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field, JsonValue
from pydantic_core import from_json

from components.evaluation.checks import FindingKind
from components.evaluation.evaluation import CellState
from components.evaluation.prompts import MOST_PROMPTS
from components.evaluation.voting.ballots import Question, Verdict

MOST_BALLOTS = 100_000
LARGEST_MANIFEST = 64_000_000  # bytes
MOST_VALUES = 3_000_000  # commas and opening brackets outside texts: a small file can expand to gigabytes of objects
JSON_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.S)  # it matches at every quote, so it reads no byte twice
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
LATEST_MOMENT_S = 253_370_764_800.0  # seconds since 1970 at the end of the year 9998: no table can show a later day
Text = Annotated[str, Field(max_length=200_000)]
Name = Annotated[str, Field(max_length=500)]
Amount = Annotated[float, Field(ge=0, le=1e9)]
Moment = Annotated[float, Field(ge=0, le=LATEST_MOMENT_S)]


class _Values(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


class ManifestPrompt(_Values):
    """A prompt."""

    text: Text
    category: Text = ""
    images: Annotated[list[Text], FailFast()] = []
    expected_text: Text = ""


class ManifestColumn(_Values):
    """A model with its settings."""

    id: Name
    label: Name
    model: Name
    settings: dict[str, JsonValue]


class ManifestEvaluation(_Values):
    """What was asked."""

    created_at: Moment
    name: Text
    prompts: Annotated[list[ManifestPrompt], Field(min_length=1, max_length=MOST_PROMPTS), FailFast()]
    columns: Annotated[list[ManifestColumn], Field(min_length=1, max_length=1000), FailFast()]
    shared: dict[str, JsonValue]
    repeats: Annotated[int, Field(ge=1, le=1000)]
    questions: Annotated[list[Question], FailFast()]
    per_model: Annotated[int, Field(ge=0, le=1000)]
    budget: Amount
    baseline: dict[str, Annotated[list[Annotated[float, Field(ge=-1e9, le=1e9)]], Field(min_length=3, max_length=3)]]


class ManifestProblem(_Values):
    """Why a job ended without a picture."""

    code: Name
    what: Text
    next_step: Text
    charged: Text
    reply: Text = ""


class ManifestJob(_Values):
    """A job as it ended."""

    body: dict[str, JsonValue]
    shape: Name
    count: Annotated[int, Field(ge=1, le=100)]
    credits: Amount
    usd: Amount
    created_at: Moment
    sent_at: Moment | None
    finished_at: Moment | None
    charged: Amount | None
    prompt: Text
    task_id: Name | None
    problem: ManifestProblem | None


class ManifestFinding(_Values):
    """What a check found."""

    kind: FindingKind
    text: Text


class ManifestFingerprint(_Values):
    """What finds near-duplicates of a picture, and whether it is blank."""

    copy_: Annotated[str, Field(alias="copy", max_length=2000)]
    blank: bool


class ManifestText(_Values):
    """What was read in a picture."""

    read: Text
    exact: bool
    error_rate: Amount


class ManifestChecks(_Values):
    """What the automatic checks said."""

    findings: Annotated[list[ManifestFinding], FailFast()] = []
    fingerprint: ManifestFingerprint | None = None
    text: ManifestText | None = None
    scores: dict[str, JsonValue] | None = None


class ManifestCell(_Values):
    """What became of a cell; ``file`` is the name of its picture in the ZIP or ""."""

    state: CellState
    model: Name
    credits: Annotated[float, Field(ge=0, allow_inf_nan=True)]  # infinite: no price
    refused: Text
    notes: Annotated[list[Text], FailFast()]
    checks: ManifestChecks | None
    file: Name
    job: ManifestJob | None


class ManifestBallot(_Values):
    """A vote."""

    prompt: Name
    voter: Name
    shown: Annotated[list[Name], FailFast()]
    verdict: Verdict
    best: Name | None
    worst: Name | None
    question: Question
    seconds: Amount
    created_at: Moment


class Manifest(_Values):
    """The whole file."""

    version: Literal[1]
    evaluation: ManifestEvaluation
    cells: Annotated[list[ManifestCell], FailFast()]
    ballots: Annotated[list[ManifestBallot], Field(max_length=MOST_BALLOTS), FailFast()]


def exceeded_limit(data: bytes, ballots: int) -> str:
    """Which limit of a file that can be read back is exceeded, or "". Blocks."""
    if ballots > MOST_BALLOTS:
        return f"it has {ballots:,} votes, and a file holds {MOST_BALLOTS:,}"
    if len(data) > LARGEST_MANIFEST:
        return f"its prompts and jobs take {len(data) // 1_000_000} MB, and a file holds {LARGEST_MANIFEST // 1_000_000}"
    if sum(map(JSON_TEXT.sub(b"", data).count, (b",", b"[", b"{"))) > MOST_VALUES:
        return f"it has more than {MOST_VALUES:,} values"
    return ""


def read_manifest(data: bytes) -> dict[str, Any]:
    """The values of a manifest. Blocks. Raises ValueError if any is missing, of another type or out of bounds."""
    if NUL.search(data):
        raise ValueError("a text holds a character that no database can store")
    if exceeded := exceeded_limit(data, ballots=0):
        raise ValueError(exceeded)
    # Parsed first: validating the JSON text would copy the input into each error.
    return Manifest.model_validate(from_json(data)).model_dump(by_alias=True)
