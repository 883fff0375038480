"""Migrations: every way to the schema ends in the same one, on both databases, however many processes start at once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, create_engine, insert, inspect

from components.catalog.models import Catalog
from components.comparisons.store import ComparisonStore
from components.jobs.job import WAITING, JobState
from components.jobs.store.engine import MIGRATIONS, open_database
from components.jobs.store.history import JobFilter
from components.jobs.store.schema import metadata
from tests.jobs.conftest import NOON, raw_connection
from tests.jobs.processes import account, process, record
from tests.jobs.scripted_upstream import TASK, finished, scripted_upstream, settled
from tests.jobs.test_database import OPENS, refusal, run
from tests.postgres import Postgres


def described(url: str) -> list[Any]:
    """Tables, columns with types, keys and indexes, and the rows that a migration writes."""
    with raw_connection(url) as connection:
        rows = [connection.execute(f"SELECT * FROM {table}").fetchall() for table in ("budget", "alembic_version")]
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    look = inspect(engine)
    tables = [
        (name, [{**column, "type": str(column["type"])} for column in look.get_columns(name)], look.get_pk_constraint(name),
         look.get_unique_constraints(name), look.get_indexes(name))
        for name in sorted(look.get_table_names())
    ]  # fmt: skip
    engine.dispose()
    return [rows, tables]


def migrated_to(url: str, revision: str) -> Engine:
    """The database as a program of that time left it."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    config = Config(attributes={"connection": None})
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return engine


REVISIONS = [step.revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


@pytest.mark.parametrize("older", REVISIONS)
def test_every_older_schema_ends_in_the_newest(new_database_url: str, older: str) -> None:
    """The same tables as from nothing, and the same as the code believes; opening again changes nothing."""
    migrated_to(new_database_url, older).dispose()
    seen = []
    for _ in range(2):
        database = open_database(new_database_url)
        with database.engine.connect() as connection:
            differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
        database.close()
        assert differences == []
        seen.append(described(new_database_url))
    assert seen[0] == seen[1]
    assert seen[0][0] == [[("host",)], [(REVISIONS[0],)]]


async def test_a_newer_schema_is_refused_on_both(new_database_url: str) -> None:
    """An old program would not know what to write, so it writes nothing."""
    open_database(new_database_url).close()
    with raw_connection(new_database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    assert "newer version of this program" in refusal(new_database_url)


def test_four_processes_may_start_on_an_empty_database_at_once(postgres: Postgres) -> None:
    """One of them makes the tables, the others wait for it."""
    with postgres.fresh() as url:
        processes = [run(OPENS, url) for _ in range(4)]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        ends = [process.communicate("\n\n") for process in processes]
        assert ends == [("open\n", "")] * 4
        assert described(url)[0] == [[("host",)], [(REVISIONS[0],)]]


# -- jobs that an earlier version recorded -------------------------------------------------------

OLD_STATES = ("queued", "submitting", "running", "done", "failed", "uncertain", "stopped")
OLD_FLAGS = ("saving", "overdue", "keyless", "dropped")
PICTURE = {"name": "a" * 64 + ".png", "width": 8, "height": 8, "format": "png", "size": 100, "source": "http://x/\0é.png"}
ADDED_BY_0002 = ("batch", "prompt", "remark", "words", "removed")


def old_rows(base_url: str) -> Iterator[dict[str, Any]]:
    """A job in every combination of a state and the flags that used to stand beside it."""
    combinations = itertools.product(OLD_STATES, *((False, True) for _ in OLD_FLAGS))
    for number, (state, *values) in enumerate(combinations):
        sent = state != "queued"
        has_task = state in ("running", "done", "failed", "stopped")
        partly = state == "running" and "overdue" in itertools.compress(OLD_FLAGS, values)
        yield {
            "id": f"{number:03d}", "visitor": "ann", "model": "cogview-4", "body": {"model": "cogview-4", "prompt": "kite"},
            "shape": "1:1", "count": 1, "payer": "host", "base_url": base_url, "credits": 10.0, "usd": 0.1,
            "created_at": time.time(), "typical": None, "state": state, "task_id": TASK if has_task else None,
            "sent_at": NOON if sent else None, "finished_at": NOON + 5 if state in OLD_STATES[3:] else None, "polls": 2,
            "note": "wait", "waiting": ["http://x/1", "http://x/2"] if state == "running" else [],
            "pictures": [PICTURE] if partly or state == "done" else [], "charged": None,
            "problem": {"kind": "timeout", "what": "late", "next_step": "", "charged": "", "reply": ""} if number % 2 else None,
            "once": f"key-{number}", "stopping": False, **dict(zip(OLD_FLAGS, values, strict=True)),
            "starred": number % 3 == 0, "token": "t", "heard": "", "reserved": 0.0, "spent": 0.0, "owner": "dead", "lease": 1.0,
            "batch": "b1", "prompt": "kite", "remark": f"Straße {number}", "words": "", "removed": state == "done" and not number % 4,
        }  # fmt: skip


def expected_state(row: dict[str, Any]) -> str:
    """What the combination meant."""
    if row["keyless"] and row["state"] in ("queued", "running"):
        return "needs_key"
    if row["state"] == "running":
        return "overdue" if row["overdue"] else "saving" if row["saving"] else "running"
    return "abandoned" if row["state"] == "uncertain" and row["dropped"] else str(row["state"])


@pytest.mark.parametrize("older", ["0001", "0002"])
async def test_jobs_of_earlier_versions_keep_their_meaning_and_go_on(
    catalog: Catalog, new_database_url: str, tmp_path: Path, older: str
) -> None:
    """In every combination of flags: the state that they meant, the star, the note, what is kept and what is missing."""
    async with scripted_upstream(poll=[finished(2)]) as upstream:
        rows = list(old_rows(upstream.address))
        engine = migrated_to(new_database_url, older)
        tables = MetaData()
        with engine.begin() as connection:
            tables.reflect(connection)
            connection.execute(insert(tables.tables["jobs"]), [
                {name: value for name, value in row.items() if older == "0002" or name not in ADDED_BY_0002} for row in rows
            ])  # fmt: skip
            if older == "0002":
                form = {"id": "b1", "visitor": "ann", "created_at": 1.0, "shared": {}, "cards": [], "token": None}
                connection.execute(insert(tables.tables["batches"]), form)
        engine.dispose()
        host = account(catalog, upstream.address)
        async with process(catalog, new_database_url, tmp_path, started=False, find_account=lambda _: host) as job_service:
            seen = {row["id"]: await record(job_service, row["id"]) for row in rows}
            page = await job_service.search("ann", JobFilter(text="strasse 7", starred=False), 5)
            comparison = await ComparisonStore(job_service.store.transactions).get("b1", "ann")
            # One job for each state goes on; what became of the others is seen above.
            chosen = {one.job.state: key for key, one in seen.items() if not one.removed}
            with raw_connection(new_database_url) as connection:
                others = ", ".join(f"'{key}'" for key in seen if key not in chosen.values())
                connection.execute(f"DELETE FROM jobs WHERE id IN ({others})")
            await job_service.begin()
            for entry in [seen[key] for key in chosen.values()]:
                if entry.job.state in WAITING:
                    await job_service.check_again(entry.job.id, host, "ann")
            after = {key: await settled(job_service, seen[key].job) for key in chosen.values()}

    old_notes = older == "0002"
    for row in rows:
        entry, job = seen[row["id"]], seen[row["id"]].job
        assert (job.state, job.polls, job.status_note) == (expected_state(row), 2, "wait")
        assert (entry.starred, entry.note) == (row["starred"], row["remark"] if old_notes else "")
        assert entry.removed == (old_notes and row["removed"])
        assert [picture.source for picture in job.pictures] == ["http://x/\ufffdé.png"] * len(row["pictures"])
        pending = tuple(["", *row["waiting"][1:]] if row["pictures"] and row["waiting"] else row["waiting"])
        assert (job.pending_urls, job.problem and job.problem.code) == (pending, row["problem"] and "timeout")
    assert {str(seen[key].job.state) + " -> " + str(job.state) for key, job in after.items()} == {
        "queued -> done", "submitting -> uncertain", "running -> done", "saving -> done", "overdue -> done",
        "needs_key -> done", "done -> done", "failed -> failed", "stopped -> stopped", "uncertain -> uncertain",
        "abandoned -> abandoned",
    }  # fmt: skip
    followed = [job for key, job in after.items() if job.state is JobState.DONE is not seen[key].job.state]
    assert {len(job.pictures) for job in followed} == {2}
    assert (page.total > 0, comparison is not None) == (old_notes, old_notes)
