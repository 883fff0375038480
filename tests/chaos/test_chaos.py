"""A short piece of the fault campaign, in every test run. The long one is ``make chaos``.

Seeded, so a failure names the runs that failed; its text holds what the service saw of each.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.chaos.__main__ import run_campaign, run_scenario
from tests.chaos.faults import FAULTS
from tests.chaos.runs import make_runs
from tests.chaos.scenarios import kill_scenarios
from tests.chaos.verification import Verdict
from tests.postgres import Postgres, running_postgres

pytestmark = pytest.mark.processes

KILLS, JOBS, SEED = 2, 60, 7
RUNS = make_runs(150, SEED)
SHARES = {"SQLite": RUNS[:72], "PostgreSQL": RUNS[72:]}  # each begins with a crowd before a rate limit


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def killed(server: Postgres) -> Iterator[Future[list[Verdict]]]:
    """Kills and restarts on PostgreSQL: half a minute of waiting for dead processes' leases, spent while the other tests run."""
    logging.disable(logging.CRITICAL)  # every fault is logged, as it should be; here they are thousands
    with ThreadPoolExecutor(1) as pool:
        scenarios = kill_scenarios(KILLS, JOBS, shared=True)
        yield pool.submit(lambda: [run_scenario(server, scenario, SEED) for scenario in scenarios])
    logging.disable(logging.NOTSET)


def test_every_fault_is_in_the_short_campaign() -> None:
    """It is short in repetitions only: what meets a job is the same on both databases, and each has a half."""
    assert {fault.name for run in RUNS for fault in run.faults} == set(FAULTS)


def test_kill_9_sends_nothing_twice_and_loses_nothing_on_sqlite() -> None:
    """One process, killed at random instants and started again."""
    verdict = run_scenario(None, kill_scenarios(KILLS, JOBS, shared=False)[0], SEED)

    assert verdict.violations == [], verdict.text()


@pytest.mark.parametrize("engine", SHARES)
def test_no_fault_costs_a_visitor_money_or_a_picture(engine: str, server: Postgres) -> None:
    """At most one POST, nothing paid is lost, no cap is passed, nothing hangs, nothing is left open."""
    verdict = run_campaign(server if engine == "PostgreSQL" else None, SHARES[engine], SEED, at_once=50)

    assert verdict.violations == [], verdict.text()


def test_kills_and_restarts_send_nothing_twice_and_lose_nothing_on_postgresql(killed: Future[list[Verdict]]) -> None:
    """Three processes on one database take over the jobs of the dead; then one of two is stopped and started again."""
    for verdict in killed.result():
        assert verdict.violations == [], verdict.text()
