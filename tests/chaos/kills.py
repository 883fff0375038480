"""Real processes on a real database: killed at random instants, four at once, on a full disk, in a wrong time, locked out."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random

from tests.chaos import fleet
from tests.chaos.fleet import Table, Worker
from tests.chaos.judge import Verdict
from tests.chaos.ledger import Ledger, Record

END_S = 240.0
HOUR = 3600.0
RESTART_S = 20.0
THINK_S = 0.5  # so that a kill meets requests that are on their way


@dataclass
class Scene:
    """What happens to the workers of one test. ``extra`` are arguments of the first worker."""

    title: str
    jobs: int
    workers: int = 1
    kills: int = 0
    restarts: int = 0
    extra: tuple[str, ...] = ()
    lock_s: float = 0.0
    freeze_s: float = 0.0
    deadline_s: float = 60.0


@dataclass
class Seen:
    """What the parent noted while it went on."""

    kills: int = 0
    in_flight: set[str] = field(default_factory=set)  # jobs that were ``submitting`` when a process was killed
    restarts: int = 0
    open_posts: int = 0
    added: set[str] = field(default_factory=set)
    output: list[str] = field(default_factory=list)
    codes: list[int | None] = field(default_factory=list)


def kill_scenes(kills: int, jobs: int, shared: bool) -> list[Scene]:
    """The kill -9 test of one engine: one process on SQLite, three on PostgreSQL, where one of two is restarted as well."""
    workers = 3 if shared else 1
    restarted = [Scene("restarts of one of two processes", jobs, 2, restarts=kills)] if shared else []
    return [Scene(f"kill -9, {workers} at once", jobs, workers, kills), *restarted]


def accident_scenes(shared: bool, jobs: int = 60) -> list[Scene]:
    """What else befalls a machine."""
    workers = 2 if shared else 1
    scenes = [
        Scene("disk full for 3 s", jobs, extra=("--full", "1", "3")),
        Scene("clock an hour on", jobs, workers, extra=("--clock", "1.5", f"{HOUR:g}")),
        Scene("clock an hour back", jobs, workers, extra=("--clock", "1.5", f"{-HOUR:g}")),
        Scene("database locked for 5 s", jobs, workers, lock_s=5.0),
    ]
    if shared:
        # Longer than a lease: the others take its jobs for a dead process's, and then it wakes up.
        scenes.append(Scene("process frozen for 27 s", jobs * 3, 3, freeze_s=27.0))
    return scenes


async def play(scene: Scene, url: str, engine: str, seed: int) -> Verdict:
    """One scene on a fresh database, judged by the ledger."""
    folder = Path(tempfile.mkdtemp(prefix="playground-chaos-"))
    started, seen, table = time.monotonic(), Seen(), Table(url)
    try:
        async with fleet.upstream(seed, THINK_S) as address:
            workers = await _act(scene, url, address, folder, seed, seen, table)
            seen.codes += [await worker.end(END_S) for worker in workers]
            for worker in workers:
                _take(worker, seen)
            ledger = await fleet.fetch_ledger(address)
        verdict = Verdict(f"{scene.title}: {scene.jobs} jobs on {engine}, seed {seed}, {time.monotonic() - started:.0f} s")
        await _judge(verdict, scene, seed, seen, table, ledger, folder)
        return verdict
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _act(scene: Scene, url: str, address: str, folder: Path, seed: int, seen: Seen, table: Table) -> list[Worker]:
    """Start the workers, do to them what the scene says, and return those that are to come to their end."""
    rng = Random(f"kills/{seed}/{scene.title}")
    stops = scene.kills or scene.restarts
    at_once = max(2, scene.jobs * 6 // (10 * stops * scene.workers)) if stops else 20

    async def begin(number: int) -> Worker:
        return await fleet.start(
            "tests.chaos.worker", "--database", url, "--folder", str(folder), "--upstream", address,
            "--prefix", f"k{seed}", "--share", f"{number}/{scene.workers}", "--jobs", str(scene.jobs),
            "--at-once", str(at_once), "--deadline", f"{scene.deadline_s:g}", *(scene.extra if number == 0 else ()),
        )  # fmt: skip

    workers = [await begin(number) for number in range(scene.workers)]
    try:
        if scene.lock_s:
            await workers[0].begun.wait()
            await asyncio.sleep(rng.uniform(0.2, 0.6))
            await table.lock(scene.lock_s)
        if scene.freeze_s:
            await workers[0].begun.wait()
            await asyncio.sleep(rng.uniform(0.2, 0.6))
            workers[0].signal(signal.SIGSTOP)
            seen.in_flight |= await table.submitting(workers[0])
            await asyncio.sleep(scene.freeze_s)
            workers[0].signal(signal.SIGCONT)
        for _ in range(scene.restarts):
            await asyncio.gather(*(worker.begun.wait() for worker in workers))
            await asyncio.sleep(rng.uniform(0.2, 1.5))
            number = rng.randrange(scene.workers)
            workers[number].signal(signal.SIGTERM)
            code = await workers[number].end(RESTART_S)
            seen.codes.append(0 if "end" in workers[number].lines else code)  # its last moments have no handler
            seen.restarts += 1
            _take(workers[number], seen)
            workers[number] = await begin(number)
        while seen.kills < scene.kills:
            if rng.random() < 0.85:  # else perhaps while a process is only starting
                await asyncio.gather(*(worker.begun.wait() for worker in workers))
            await asyncio.sleep(rng.uniform(0.05, 1.0))
            going = [number for number, worker in enumerate(workers) if not worker.over]
            if not going:
                break
            number = rng.choice(going)
            seen.open_posts += await fleet.open_posts(address)
            await workers[number].kill()
            seen.kills += 1
            seen.in_flight |= await table.submitting(workers[number])
            _take(workers[number], seen)
            workers[number] = await begin(number)
    except BaseException:
        for worker in workers:
            await worker.kill()
        raise
    return workers


def _take(worker: Worker, seen: Seen) -> None:
    seen.added |= worker.added
    seen.output += [line for line in worker.lines if line.split(" ")[0] not in ("owner", "added", "settled", "begun", "end")]


async def _judge(verdict: Verdict, scene: Scene, seed: int, seen: Seen, table: Table, ledger: Ledger, folder: Path) -> None:
    rows = await table.rows("id, visitor, state, task_id, reserved, spent, problem, status_note")
    pictures = await table.pictures()
    marks = [f"k{seed}-{number:05d}" for number in range(scene.jobs)]
    states = Counter(row["state"] for row in rows)
    by_mark = Counter(row["visitor"] for row in rows)
    extra = [mark for mark, record in ledger.records.items() if len(record.posts) > 1]
    lost = [mark for mark in marks if not by_mark[mark]] + sorted(seen.added - set(by_mark))
    wrong = verdict.violations
    wrong += [f"the service of the test broke: {error}" for error in ledger.broken]
    wrong += [f"{mark} is in no row" for mark in dict.fromkeys(lost)]
    wrong += [f"{mark} has {count} rows" for mark, count in by_mark.items() if count > 1]
    wrong += [f"{mark} was sent {len(ledger.records[mark].posts)} times" for mark in extra]
    for row in rows:
        wrong += _broken(row, pictures.get(row["id"], []), seen, ledger, folder)
    wrong += [f"a worker ended with {code}" for code in seen.codes if code]
    wrong += [f"a worker had not ended after {END_S:g} s" for code in seen.codes if code is None]
    uncertain = [row["id"] for row in rows if row["state"] == "uncertain"]
    if seen.kills < scene.kills:
        wrong.append(f"only {seen.kills} of {scene.kills} kills before all was done: more jobs are needed")
    posts = sum(len(record.posts) for record in ledger.records.values())
    polls = sum(len(record.polls) for record in ledger.records.values())
    verdict.figures |= {
        "ends": ", ".join(f"{count} {state}" for state, count in states.most_common()),
        "kills, restarts": f"{seen.kills}, {seen.restarts}",
        "POSTs / tasks / rows": f"{posts} / {len(ledger.tasks)} / {len(rows)}",
        "extra POSTs": str(len(extra)),
        "lost rows": str(len(set(lost))),
        "uncertain": f"{len(uncertain)}, of {len(seen.in_flight)} POSTs in flight at the kills ({seen.open_posts} at the service then)",
        "polls": str(polls),
        "credits charged / on record": f"{ledger.charged():g} / {sum(row['spent'] + row['reserved'] for row in rows):g}",
        "violations": str(len(wrong)),
    }
    if wrong and seen.output:
        wrong.append("what the workers said:\n" + "\n".join(f"    {line}" for line in seen.output[-40:]))


def _broken(row: dict[str, object], kept: list[str], seen: Seen, ledger: Ledger, folder: Path) -> list[str]:
    """What is wrong with one row."""
    mark, state = str(row["visitor"]), str(row["state"])
    record, tasks = ledger.records.get(mark, Record()), ledger.tasks_of(mark)
    wrong = []
    if state == "done":
        expected = [one for task in tasks for one in task.hashes]
        files = [sha256((folder / name).read_bytes()).hexdigest() for name in kept]
        if files != expected or [name.partition(".")[0] for name in kept] != expected:
            wrong.append("done with other pictures than those of its task")
    elif state == "uncertain":
        if row["id"] not in seen.in_flight:
            wrong.append("uncertain, but it was not being sent when a process was killed")
    else:
        wrong.append(f"ended {state}, {row['status_note']} {row['problem']}")
    if tasks and not (row["spent"] or row["reserved"]):
        wrong.append("charged, and neither reserved nor spent")
    story = "\n".join(f"    service  {line}" for line in record.story)
    return [f"{mark}: {one}\n{story}" for one in wrong]
