"""``python -m tests.chaos --runs 5000 --kills 30 --seed 1 --engine both``: the whole fault campaign, for minutes.

Prints a table of figures for each part. Every violation comes with its seed and with what the service saw of the job;
one is enough for exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.chaos.campaign import Campaign
from tests.chaos.runs import Run, make_runs
from tests.chaos.scenarios import Scenario, execute, kill_scenarios, machine_fault_scenarios
from tests.chaos.verification import Verdict, check_campaign
from tests.postgres import Postgres, running_postgres

ENGINES = ("SQLite", "PostgreSQL")
MEMORY = Path("/dev/shm")  # a slow disk is no fault of the product's


@contextmanager
def database(server: Postgres | None) -> Iterator[tuple[str, Path]]:
    """The address of an empty database, and a folder beside it."""
    folder = Path(tempfile.mkdtemp(prefix="playground-chaos-", dir=MEMORY if MEMORY.exists() else None))
    try:
        if server:
            with server.fresh() as url:
                yield url, folder
        else:
            yield f"sqlite:///{folder}/playground.db", folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_campaign(server: Postgres | None, runs: list[Run], seed: int, at_once: int) -> Verdict:
    with database(server) as (url, folder):
        campaign = Campaign(url, folder, runs, seed, at_once)
        asyncio.run(campaign.go())
        return check_campaign(campaign, ENGINES[server is not None], seed)


def run_scenario(server: Postgres | None, scenario: Scenario, seed: int) -> Verdict:
    with database(server) as (url, _):
        return asyncio.run(execute(scenario, url, ENGINES[server is not None], seed))


def show(verdict: Verdict) -> bool:
    """Print one part. Returns whether all is well."""
    print(verdict.text().lstrip(), flush=True)
    return not verdict.violations


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=5000, help="jobs with a fault, on each engine")
    parser.add_argument("--kills", type=int, default=30, help="kill -9, on each engine")
    parser.add_argument("--jobs", type=int, default=1000, help="jobs that the kills are spread over")
    parser.add_argument("--fleet", type=int, default=2000, help="jobs of four processes on one PostgreSQL")
    parser.add_argument("--only", default="", help="parts of names of faults, with commas: poll.429,download.drip")
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--no-accidents", action="store_true", help="leave out the full disk, the clock and the lock")
    arguments = parser.parse_args()
    logging.disable(logging.CRITICAL)
    well = True
    with ExitStack() as stack:
        servers: list[Postgres | None] = [None] if arguments.engine != "postgresql" else []
        if arguments.engine != "sqlite":
            servers.append(stack.enter_context(running_postgres()))
        for server in servers:
            if arguments.runs:
                runs = make_runs(arguments.runs, arguments.seed, arguments.only)
                well &= show(run_campaign(server, runs, arguments.seed, arguments.at_once))
            scenarios = kill_scenarios(arguments.kills, arguments.jobs, server is not None) if arguments.kills else []
            scenarios += [] if arguments.no_accidents else machine_fault_scenarios(server is not None)
            if server and arguments.fleet:
                scenarios.append(Scenario("four processes", arguments.fleet, workers=4))
            for scenario in scenarios:
                well &= show(run_scenario(server, scenario, arguments.seed))
    print("All invariants hold." if well else f"There are violations; seed {arguments.seed} makes the same runs.")
    return not well


if __name__ == "__main__":
    sys.exit(main())
