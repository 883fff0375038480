"""Checks the invariants against the service's ledger, and makes the table of figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from components.api.schedule import SHORTEST_WAIT_S, Timing, next_delay
from components.catalog.requests import find_model
from components.jobs.job import JobState
from tests.chaos.accounts import CATALOG, PACE
from tests.chaos.behaviors import DEADLINE_S, SLOWDOWN
from tests.chaos.campaign import Campaign, Outcome
from tests.chaos.faults import allowed_states
from tests.chaos.ledger import Ledger, Record, Task

EPSILON = 1e-6
REPAIRED_SHARE = 0.98
POLLS_SHARE = 1.25
GRACE_S = 0.25
PATIENT_SHARE = 0.6  # of the deadline must have passed: the next wait may be a long one
LONGEST_LIMIT_S = 2.0  # of those that end within the deadline


@dataclass
class Verdict:
    """Violations, each with the events of its job at the service, and figures by name."""

    title: str
    violations: list[str] = field(default_factory=list)
    figures: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The violations with their events, then the figures."""
        return "\n\n".join(["", *(f"VIOLATION {violation}" for violation in self.violations), self.table()])

    def table(self) -> str:
        width = max(len(name) for name in self.figures)
        lines = [f"{name:<{width}}  {value}" for name, value in self.figures.items()]
        return "\n".join([self.title, "-" * len(self.title), *lines, ""])


def check_campaign(campaign: Campaign, engine: str, seed: int) -> Verdict:
    """Check a finished campaign against the ledger."""
    ledger, measured, outcomes = campaign.upstream.ledger, campaign.measured, campaign.outcomes
    verdict = Verdict(f"{len(outcomes)} runs on {engine}, seed {seed}, {measured.seconds:.0f} s, patience {SLOWDOWN:.1f}")
    for outcome in outcomes:
        record = ledger.records.get(outcome.run.label, Record())
        kept, tasks = campaign.folder / "kept", ledger.tasks_of(outcome.run.label)
        for wrong in broken_rules(outcome, record, tasks, kept, GRACE_S * SLOWDOWN + measured.lag):
            verdict.violations.append(f"{outcome.run}: {wrong}\n{events(outcome, record)}")
    for wrong, count in Counter(measured.wrong).items():
        verdict.violations.append(f"{wrong} (seen {count} times)" if count > 1 else wrong)
    verdict.violations += [f"the service of the test broke: {error}" for error in ledger.broken]
    _add_spending(verdict, campaign)
    _figures(verdict, campaign, ledger)
    return verdict


def broken_rules(outcome: Outcome, record: Record, tasks: list[Task], folder: Path, grace: float) -> list[str]:
    """The rules that one run broke. A request may be on its way for ``grace`` seconds when a limit is answered."""
    job, wrong = outcome.job, list[str]()
    if outcome.broke:
        wrong.append(outcome.broke)
    if job is None:
        return [*wrong, "there is no job"]
    if outcome.hung:
        wrong.append(f"hung for {max(outcome.waits):.1f} s of a deadline of {DEADLINE_S:.1f} s")
    if any(post.verdict != "refused" for post in record.posts[:-1]) or len(tasks) > 1:
        wrong.append(f"{len(record.posts)} POSTs: {', '.join(post.verdict for post in record.posts)}")
    wrong += [text for after, text in record.early if after > grace]
    wrong += _given_up(outcome, tasks)
    wrong += _wrong_end(outcome, record, tasks)
    if outcome.end == "done":
        refused = [fault.picture for fault in outcome.run.faults if fault.refused]
        expected = [one for task in tasks for number, one in enumerate(task.hashes) if number not in refused]
        hashes = [picture.name.partition(".")[0] for picture in job.pictures]
        bytes_kept = [sha256((folder / picture.name).read_bytes()).hexdigest() for picture in job.pictures]
        if not expected or hashes != expected or bytes_kept != expected:
            wrong.append(f"done with other pictures than those of its task: {hashes}, {bytes_kept}, not {expected}")
    kept_now = {picture.name.partition(".")[0] for picture in job.pictures}
    delivered = {sha256(task.pictures[name]).hexdigest(): name for task in tasks for name in task.delivered}
    if lost := [name for digest, name in delivered.items() if digest not in kept_now]:
        wrong.append(f"pictures were delivered and are not kept: {', '.join(lost)}")
    charged = sum(task.charged for task in tasks)
    if charged > job.spent + EPSILON or (outcome.end == "done" and abs(job.spent - charged) > EPSILON):
        wrong.append(f"{charged:g} credits were charged, {job.spent:g} are on record as spent")
    if all(post.verdict == "refused" for post in record.posts) and job.spent and outcome.end != "uncertain":
        wrong.append(f"{job.spent:g} credits are on record as spent, but nothing was accepted")
    most = most_polls(outcome, record)
    if len(record.polls) > most:
        wrong.append(f"{len(record.polls)} polls, at most {most} are possible by the schedule's shortest wait")
    for kind, status in record.callbacks:
        good = {"forged": (404,), "huge": (413,), "normal": (200, 202, 204), "early": (200, 202, 204)}
        if status not in good.get(kind, (200, 202, 204, 400, 422)):
            wrong.append(f"a callback ({kind}) was answered {status}")
    return list(dict.fromkeys(wrong))


def _wrong_end(outcome: Outcome, record: Record, tasks: list[Task]) -> list[str]:
    run, end = outcome.run, outcome.end
    if outcome.capped:
        sent = any(post.verdict != "refused" for post in record.posts)
        return ["refused by the cap, and sent"] if sent else []
    allowed = allowed_states(list(run.faults), run.called_back)
    if run.has("visitor.stops") or run.has("visitor.stops-at-once"):
        # A stop before the request leaves is the end of it; afterwards a check brings what was paid for.
        allowed = allowed if tasks else allowed | {"stopped"}
    limited = any(fault.target == "create" and fault.retry_after for fault in run.faults)
    if limited and not tasks and outcome.waits[0] + LONGEST_LIMIT_S > DEADLINE_S:
        allowed = {"failed"}  # the wait would have gone beyond the deadline
    if tasks and tasks[0].reported and not any(fault.target == "download" and fault.endless for fault in run.faults):
        allowed = {"done"}
    return [] if end in allowed else [f"ended {end}, not {' or '.join(sorted(allowed))}"]


def _given_up(outcome: Outcome, tasks: list[Task]) -> list[str]:
    """A fault of a poll or a download ended a job, or its waiting, long before the deadline."""
    first = outcome.first
    if first is None or not tasks or first.problem is None:
        return []
    expected = ("poll.failed", "poll.no-pictures", "poll.429", "download.first-html")
    expected_end = any(fault.name.startswith(expected) for fault in outcome.run.faults)
    if first.state == "failed" and not expected_end:
        return [f"a fault ended it: {first.problem.what}"]
    if first.state is JobState.OVERDUE and not expected_end and outcome.waits[0] < DEADLINE_S * PATIENT_SHARE:
        return [f"given up after {outcome.waits[0]:.1f} s: {first.problem.what}"]
    return []


def most_polls(outcome: Outcome, record: Record) -> int:
    """As many polls as the shortest wait allows, one more for each fault, check and callback."""
    callbacks = sum(kind not in ("forged", "huge") for kind, _ in record.callbacks)
    by_callback = min(callbacks, 2 + int(sum(outcome.waits)))  # callbacks wake the poller once a second at most
    return (
        2
        + int(sum(outcome.waits) / SHORTEST_WAIT_S)
        + record.bad_polls
        + record.bad_downloads
        + 2 * outcome.checks
        + by_callback
    )


def expected_polls(outcome: Outcome, record: Record, tasks: list[Task]) -> float:
    """Polls by the schedule from the service's own range until the task is done, and one for each fault and wake."""
    if not tasks or not record.polls:
        return 0.0
    low, high = find_model(CATALOG, outcome.run.model).seconds or (3.0, 30.0)
    timing = Timing.from_range((low / PACE, high / PACE))
    ready = tasks[0].ready - tasks[0].created
    if tasks[0].never or tasks[0].reported is None:
        ready = sum(outcome.waits)
    elapsed, polls = 0.0, 0
    while elapsed < ready:
        elapsed += next_delay(elapsed, polls, timing)
        polls += 1
    asked_anew = max(0, record.bad_downloads - 3)  # results that are late are asked for at fresh addresses
    return polls + record.bad_polls + asked_anew + outcome.checks + min(len(record.callbacks), 2)


def _add_spending(verdict: Verdict, campaign: Campaign) -> None:
    charged = campaign.upstream.ledger.charged()
    counted = sum(outcome.job.spent for outcome in campaign.outcomes if outcome.job)
    verdict.figures["credits charged / on record"] = f"{charged:g} / {counted:g}"
    samples = f"{campaign.measured.samples} looks, at most {campaign.measured.most:.0%} of the daily cap in use"
    verdict.figures["money watched"] = samples


def _figures(verdict: Verdict, campaign: Campaign, ledger: Ledger) -> None:
    outcomes, records = campaign.outcomes, ledger.records
    figures, ends_seen = verdict.figures, Counter(outcome.end for outcome in outcomes if not outcome.capped)
    posts = [record.posts for record in records.values()]
    figures["ends"] = ", ".join(f"{count} {end}" for end, count in ends_seen.most_common())
    figures["refused by a cap"] = str(sum(outcome.capped for outcome in outcomes))
    figures["POSTs"] = f"{sum(len(one) for one in posts)} for {len(ledger.tasks)} tasks"
    figures["extra POSTs"] = str(sum(sum(post.verdict != "refused" for post in one) > 1 for one in posts))
    uncertain = [outcome for outcome in outcomes if outcome.was_uncertain]
    named = [one for one in uncertain if one.run.called_back and one.run.confirmable and ledger.tasks_of(one.run.label)]
    repaired = [one for one in named if one.end != "uncertain"]
    share = len(repaired) / len(named) if named else 1.0
    alone = sum(one.repaired for one in named)
    figures["uncertain"] = f"{len(uncertain)}, of which a callback can repair {len(named)}: {alone} by itself"
    figures["repaired"] = f"{len(repaired)} of {len(named)} ({share:.1%}), the others when their visitor checked again"
    if share < REPAIRED_SHARE and len(named) - len(repaired) > 1:
        unrepaired = "\n".join(
            f"{one.run}\n{events(one, records[one.run.label])}" for one in named if one.end == "uncertain"
        )
        verdict.violations.append(f"only {share:.1%} of the uncertain jobs were repaired by their callback:\n{unrepaired}")
    lost = [one for one in outcomes if one.end != "done" and any(task.reported for task in ledger.tasks_of(one.run.label))]
    gone = [one for one in lost if any(fault.target == "download" and fault.endless for fault in one.run.faults)]
    figures["completed and not done"] = f"{len(lost)}, of which {len(gone)} have no picture left to fetch"
    polls = sum(len(record.polls) for record in records.values())
    expected = sum(
        expected_polls(one, records[one.run.label], ledger.tasks_of(one.run.label))
        for one in outcomes
        if one.run.label in records
    )
    figures["polls"] = f"{polls}, {polls / max(expected, 1):.2f} times what schedule, faults and wakes explain"
    if polls > expected * POLLS_SHARE:
        verdict.violations.append(f"{polls} polls, {expected:.0f} expected")
    waits = sorted(wait for outcome in outcomes for wait in outcome.waits)
    late = f"{waits[len(waits) // 2]:.2f} / {waits[int(len(waits) * 0.99)]:.2f} / {waits[-1]:.2f} s" if waits else "-"
    figures["wait, median / 99 % / longest"] = f"{late}, deadline {DEADLINE_S:.1f} s"
    figures["checked again"] = str(sum(outcome.checks > 0 for outcome in outcomes))
    figures["longest stop of the event loop"] = f"{campaign.measured.lag * 1000:.0f} ms"
    figures["asked for what is not there"] = str(len(ledger.unknown_requests))
    figures["violations"] = str(len(verdict.violations))


def events(outcome: Outcome, record: Record) -> str:
    """The events of a job at the service and on the page."""
    lines = [*(f"    service  {line}" for line in record.events), *(f"    page     {line}" for line in outcome.history)]
    return "\n".join(lines)
