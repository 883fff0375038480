"""What the service saw of each job, recorded independently of the product's own database."""

from __future__ import annotations

import struct
import time
import zlib
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from random import Random
from typing import Any

SIDE = 24  # pixels; noise, so that a picture is long enough to be cut in the middle
PRICES = {"cogview-4": 4.0, "flux-2": 5.0, "gpt-image-1.5-official": 10.0}  # what the service charges


@dataclass
class Post:
    """One POST. ``verdict``: ``created``, ``refused`` (429 or 4xx: nothing was created), ``nothing`` (no task, no answer)."""

    at: float
    verdict: str
    answered: bool = False  # the whole normal answer, or a refusal, was written


@dataclass
class Task:
    """One task. Times are seconds of the monotonic clock; ``charged`` is what the account was charged."""

    id: str
    label: str
    model: str
    created: float
    ready: float
    charged: float
    reports: bool  # the reply names what was charged
    fails: bool = False
    never: bool = False
    reported: float | None = None  # when a poll was first answered with the result
    delivered: list[str] = field(default_factory=list)  # names of the pictures that were sent whole

    @property
    def pictures(self) -> dict[str, bytes]:
        """The results by their name in an address; every second task has two, one of which may meet a fault alone."""
        names = (f"{self.id}-{number}" for number in range(1 + int(self.id[-1], 16) % 2))
        return {f"{name}.png": picture(name) for name in names}

    @property
    def hashes(self) -> list[str]:
        """The SHA-256 of each result, in order."""
        return [sha256(data).hexdigest() for data in self.pictures.values()]

    def done(self, now: float) -> bool:
        return not self.never and now >= self.ready


@dataclass
class Record:
    """All requests of one job."""

    posts: list[Post] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    downloads: int = 0
    served: int = 0  # bytes of pictures
    bad_polls: int = 0  # polls that met a fault
    bad_downloads: int = 0
    callbacks: list[tuple[str, int]] = field(default_factory=list)  # callbacks: what kind, and how they were answered
    early: list[tuple[float, str]] = field(default_factory=list)  # requests during a pause, and how long into it
    events: list[str] = field(default_factory=list)


class Ledger:
    """Records by job mark and tasks by id."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.tasks: dict[str, Task] = {}
        self.names: dict[str, list[str]] = {}  # task ids by job
        self.unknown_requests: list[str] = []  # requests that belong to no job
        self.broken: list[str] = []  # errors of the test service itself
        self.charges: dict[str, float] = {}
        self.open_posts = 0
        self.started = time.monotonic()

    def record(self, label: str) -> Record:
        return self.records.setdefault(label, Record())

    def note(self, label: str, what: str) -> None:
        self.record(label).events.append(f"{time.monotonic() - self.started:8.3f}  {what}")

    def create(self, label: str, model: str, seconds: float, rng: Random) -> Task:
        """A new task, charged at once."""
        name = "n48" + sha256(f"{label}/{len(self.names.get(label, ()))}".encode()).hexdigest()[:16]
        now = time.monotonic()
        task = Task(name, label, model, now, now + seconds, PRICES[model], rng.random() < 0.5)
        self.tasks[name] = task
        self.names.setdefault(label, []).append(name)
        self.charges[label] = self.charges.get(label, 0.0) + task.charged
        self.note(label, f"task {name} created, {task.charged:g} credits charged, ready in {seconds * 1000:.0f} ms")
        return task

    def tasks_of(self, label: str) -> list[Task]:
        return [self.tasks[name] for name in self.names.get(label, ())]

    def charged(self) -> float:
        """All that was ever charged."""
        return sum(self.charges.values())

    def document(self) -> dict[str, Any]:
        """All of it, as JSON can hold it; pictures are their hashes."""
        return {
            "open_posts": self.open_posts,
            "strays": self.unknown_requests,
            "broken": self.broken,
            "charges": self.charges,
            "records": {label: asdict(record) for label, record in self.records.items()},
            "tasks": {name: asdict(task) | {"sha256": task.hashes} for name, task in self.tasks.items()},
        }


def read(document: dict[str, Any]) -> Ledger:
    """The ledger of a document, so that one judge serves an upstream in this process and one in another."""
    ledger = Ledger()
    ledger.unknown_requests, ledger.open_posts = document["strays"], document["open_posts"]
    ledger.charges, ledger.broken = document["charges"], document["broken"]
    for label, values in document["records"].items():
        posts = [Post(**post) for post in values.pop("posts")]
        ledger.records[label] = Record(posts=posts, **values)
    for name, values in document["tasks"].items():
        expected = values.pop("sha256")
        ledger.tasks[name] = task = Task(**values)
        ledger.names.setdefault(task.label, []).append(name)
        assert expected == task.hashes
    return ledger


def picture(name: str) -> bytes:
    """A real PNG of noise, another one for every name."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rng = Random(name)
    rows = b"".join(b"\0" + rng.randbytes(3 * SIDE) for _ in range(SIDE))
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
