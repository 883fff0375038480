"""Migrations: every way to the schema ends in the same one, on both databases, however many processes start at once."""

from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from components.jobs.store.engine import MIGRATIONS, open_database
from components.jobs.store.schema import metadata
from tests.jobs.conftest import beside
from tests.jobs.test_database import OPENS, refusal, run
from tests.postgres import Postgres


def described(url: str) -> list[Any]:
    """Tables, columns with types, keys and indexes, and the rows that a migration writes."""
    with beside(url) as connection:
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


REVISIONS = [step.revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


@pytest.mark.parametrize("older", REVISIONS)
def test_every_older_schema_ends_in_the_newest(database_url: str, older: str) -> None:
    """The same tables as from nothing, and the same as the code believes; opening again changes nothing."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    config = Config(attributes={"connection": None})
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, older)
    engine.dispose()
    seen = []
    for _ in range(2):
        database = open_database(database_url)
        with database.engine.connect() as connection:
            differences = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)
        database.close()
        assert differences == []
        seen.append(described(database_url))
    assert seen[0] == seen[1]
    assert seen[0][0] == [[("host",)], [(REVISIONS[0],)]]


async def test_a_newer_schema_is_refused_on_both(database_url: str) -> None:
    """An old program would not know what to write, so it writes nothing."""
    open_database(database_url).close()
    with beside(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    assert "newer version of this program" in refusal(database_url)


def test_four_processes_may_start_on_an_empty_database_at_once(postgres: Postgres) -> None:
    """One of them makes the tables, the others wait for it."""
    with postgres.fresh() as url:
        processes = [run(OPENS, url) for _ in range(4)]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        ends = [process.communicate("\n\n") for process in processes]
        assert ends == [("open\n", "")] * 4
        assert described(url)[0] == [[("host",)], [(REVISIONS[0],)]]
