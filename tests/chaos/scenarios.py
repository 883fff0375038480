"""Scenarios with real processes on a real database: kills, restarts, several processes, a full disk, a wrong clock, a lock."""

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

from tests.chaos import workers as worker_processes
from tests.chaos.ledger import Ledger, Record
from tests.chaos.verification import Verdict
from tests.chaos.workers import Table, Worker

END_S = 240.0
HOUR = 3600.0
RESTART_S = 20.0
ANSWER_DELAY_S = 0.5  # so that a kill meets requests that are on their way


@dataclass
class Scenario:
    """What happens to the workers. ``extra`` are arguments of the first worker."""

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
class Observations:
    """What the parent process observed."""

    kills: int = 0
    in_flight: set[str] = field(default_factory=set)  # jobs that were ``submitting`` when a process was killed
    restarts: int = 0
    open_posts: int = 0
    added: set[str] = field(default_factory=set)
    output: list[str] = field(default_factory=list)
    codes: list[int | None] = field(default_factory=list)


def kill_scenarios(kills: int, jobs: int, shared: bool) -> list[Scenario]:
    """The kill -9 test of one engine: one process on SQLite, three on PostgreSQL, where one of two is restarted as well."""
    workers = 3 if shared else 1
    restarted = [Scenario("restarts of one of two processes", jobs, 2, restarts=kills)] if shared else []
    return [Scenario(f"kill -9, {workers} at once", jobs, workers, kills), *restarted]


def machine_fault_scenarios(shared: bool, jobs: int = 60) -> list[Scenario]:
    """Faults of the machine: full disk, wrong clock, locked database, frozen process."""
    workers = 2 if shared else 1
    scenarios = [
        Scenario("disk full for 3 s", jobs, extra=("--full", "1", "3")),
        Scenario("clock an hour on", jobs, workers, extra=("--clock", "1.5", f"{HOUR:g}")),
        Scenario("clock an hour back", jobs, workers, extra=("--clock", "1.5", f"{-HOUR:g}")),
        Scenario("database locked for 5 s", jobs, workers, lock_s=5.0),
    ]
    if shared:
        # Longer than a lease: the others take its jobs for a dead process's, and then it wakes up.
        scenarios.append(Scenario("process frozen for 27 s", jobs * 3, 3, freeze_s=27.0))
    return scenarios


async def execute(scenario: Scenario, url: str, engine: str, seed: int) -> Verdict:
    """Run one scenario on a fresh database and check it against the ledger."""
    folder = Path(tempfile.mkdtemp(prefix="playground-chaos-"))
    started, observed, table = time.monotonic(), Observations(), Table(url)
    try:
        async with worker_processes.upstream(seed, ANSWER_DELAY_S) as address:
            workers = await _run_workers(scenario, url, address, folder, seed, observed, table)
            observed.codes += [await worker.end(END_S) for worker in workers]
            for worker in workers:
                _collect_output(worker, observed)
            ledger = await worker_processes.fetch_ledger(address)
        verdict = Verdict(
            f"{scenario.title}: {scenario.jobs} jobs on {engine}, seed {seed}, {time.monotonic() - started:.0f} s"
        )
        await _check_database(verdict, scenario, seed, observed, table, ledger, folder)
        return verdict
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _run_workers(
    scenario: Scenario, url: str, address: str, folder: Path, seed: int, observed: Observations, table: Table
) -> list[Worker]:
    """Start the workers, do what the scenario says, and return those that should end by themselves."""
    rng = Random(f"kills/{seed}/{scenario.title}")
    stops = scenario.kills or scenario.restarts
    at_once = max(2, scenario.jobs * 6 // (10 * stops * scenario.workers)) if stops else 20

    async def begin(number: int) -> Worker:
        return await worker_processes.start(
            "tests.chaos.worker", "--database", url, "--folder", str(folder), "--upstream", address,
            "--prefix", f"k{seed}", "--share", f"{number}/{scenario.workers}", "--jobs", str(scenario.jobs),
            "--at-once", str(at_once), "--deadline", f"{scenario.deadline_s:g}", *(scenario.extra if number == 0 else ()),
        )  # fmt: skip

    workers = [await begin(number) for number in range(scenario.workers)]
    try:
        if scenario.lock_s:
            await workers[0].started.wait()
            await asyncio.sleep(rng.uniform(0.2, 0.6))
            await table.lock(scenario.lock_s)
        if scenario.freeze_s:
            await workers[0].started.wait()
            await asyncio.sleep(rng.uniform(0.2, 0.6))
            workers[0].signal(signal.SIGSTOP)
            observed.in_flight |= await table.submitting(workers[0])
            await asyncio.sleep(scenario.freeze_s)
            workers[0].signal(signal.SIGCONT)
        for _ in range(scenario.restarts):
            await asyncio.gather(*(worker.started.wait() for worker in workers))
            await asyncio.sleep(rng.uniform(0.2, 1.5))
            number = rng.randrange(scenario.workers)
            workers[number].signal(signal.SIGTERM)
            code = await workers[number].end(RESTART_S)
            observed.codes.append(
                0 if "end" in workers[number].lines else code
            )  # a second signal right before its exit is not handled
            observed.restarts += 1
            _collect_output(workers[number], observed)
            workers[number] = await begin(number)
        while observed.kills < scenario.kills:
            if rng.random() < 0.85:  # else perhaps while a process is only starting
                await asyncio.gather(*(worker.started.wait() for worker in workers))
            await asyncio.sleep(rng.uniform(0.05, 1.0))
            going = [number for number, worker in enumerate(workers) if not worker.over]
            if not going:
                break
            number = rng.choice(going)
            observed.open_posts += await worker_processes.open_posts(address)
            await workers[number].kill()
            observed.kills += 1
            observed.in_flight |= await table.submitting(workers[number])
            _collect_output(workers[number], observed)
            workers[number] = await begin(number)
    except BaseException:
        for worker in workers:
            await worker.kill()
        raise
    return workers


def _collect_output(worker: Worker, observed: Observations) -> None:
    observed.added |= worker.added
    observed.output += [
        line for line in worker.lines if line.split(" ")[0] not in ("owner", "added", "settled", "begun", "end")
    ]


async def _check_database(
    verdict: Verdict, scenario: Scenario, seed: int, observed: Observations, table: Table, ledger: Ledger, folder: Path
) -> None:
    rows = await table.rows("id, visitor, state, task_id, reserved, spent, problem, status_note")
    pictures = await table.pictures()
    labels = [f"k{seed}-{number:05d}" for number in range(scenario.jobs)]
    states = Counter(row["state"] for row in rows)
    by_label = Counter(row["visitor"] for row in rows)
    extra = [label for label, record in ledger.records.items() if len(record.posts) > 1]
    lost = [label for label in labels if not by_label[label]] + sorted(observed.added - set(by_label))
    wrong = verdict.violations
    wrong += [f"the service of the test broke: {error}" for error in ledger.broken]
    wrong += [f"{label} is in no row" for label in dict.fromkeys(lost)]
    wrong += [f"{label} has {count} rows" for label, count in by_label.items() if count > 1]
    wrong += [f"{label} was sent {len(ledger.records[label].posts)} times" for label in extra]
    for row in rows:
        wrong += _broken(row, pictures.get(row["id"], []), observed, ledger, folder)
    wrong += [f"a worker ended with {code}" for code in observed.codes if code]
    wrong += [f"a worker had not ended after {END_S:g} s" for code in observed.codes if code is None]
    uncertain = [row["id"] for row in rows if row["state"] == "uncertain"]
    if observed.kills < scenario.kills:
        wrong.append(f"only {observed.kills} of {scenario.kills} kills before all was done: more jobs are needed")
    posts = sum(len(record.posts) for record in ledger.records.values())
    polls = sum(len(record.polls) for record in ledger.records.values())
    verdict.figures |= {
        "ends": ", ".join(f"{count} {state}" for state, count in states.most_common()),
        "kills, restarts": f"{observed.kills}, {observed.restarts}",
        "POSTs / tasks / rows": f"{posts} / {len(ledger.tasks)} / {len(rows)}",
        "extra POSTs": str(len(extra)),
        "lost rows": str(len(set(lost))),
        "uncertain": f"{len(uncertain)}, of {len(observed.in_flight)} POSTs in flight at the kills ({observed.open_posts} at the service then)",
        "polls": str(polls),
        "credits charged / on record": f"{ledger.charged():g} / {sum(row['spent'] + row['reserved'] for row in rows):g}",
        "violations": str(len(wrong)),
    }
    if wrong and observed.output:
        wrong.append("output of the workers:\n" + "\n".join(f"    {line}" for line in observed.output[-40:]))


def _broken(row: dict[str, object], pictures: list[str], observed: Observations, ledger: Ledger, folder: Path) -> list[str]:
    """What is wrong with one row."""
    label, state = str(row["visitor"]), str(row["state"])
    record, tasks = ledger.records.get(label, Record()), ledger.tasks_of(label)
    wrong = []
    if state == "done":
        expected = [one for task in tasks for one in task.hashes]
        files = [sha256((folder / name).read_bytes()).hexdigest() for name in pictures]
        if files != expected or [name.partition(".")[0] for name in pictures] != expected:
            wrong.append("done with other pictures than those of its task")
    elif state == "uncertain":
        if row["id"] not in observed.in_flight:
            wrong.append("uncertain, but it was not being sent when a process was killed")
    else:
        wrong.append(f"ended {state}, {row['status_note']} {row['problem']}")
    if tasks and not (row["spent"] or row["reserved"]):
        wrong.append("charged, and neither reserved nor spent")
    events = "\n".join(f"    service  {line}" for line in record.events)
    return [f"{label}: {one}\n{events}" for one in wrong]
