"""Files of an evaluation: tables, the report, and a ZIP that another installation reads."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import httpx2
import pytest

from components.catalog.models import Catalog
from components.evaluation.archive import manifest
from components.evaluation.evaluation import CellState, Evaluation
from components.evaluation.results import as_values
from components.evaluation.voting.ballots import Question
from components.jobs.job import Job
from components.jobs.store.jobs import MakeJobs
from components.playground import Playground, visitor_id
from tests.evaluation.test_voting import ANN, evaluated, http_client, playground
from tests.ui.page_session import open_playground
from tests.web.conftest import serve_playground

__all__ = ["http_client", "playground"]


async def voted(playground: Playground) -> Evaluation:
    """An evaluation with enough votes for a ranking."""
    evaluation = await evaluated(playground, 4, first="=HYPERLINK(1)")
    voting = playground.evaluations.voting
    for number in range(24):
        screen = await voting.screen(evaluation.token, f"voter {number % 3}", Question.PREFERENCE, 4)
        assert screen is not None
        await voting.vote(evaluation.token, f"voter {number % 3}", screen.id, "best", 1 + number % screen.pictures)
    return evaluation


async def test_tables_hold_every_result_and_ballot_and_no_formula_and_the_report_needs_nothing_else(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    evaluation = await voted(playground)
    texts = {
        name: (await http_client.get(f"/evaluations/{evaluation.id}/{name}")).content.decode("utf-8-sig")
        for name in ("results.csv", "results.jsonl", "ballots.csv", "ballots.jsonl")
    }
    results = list(csv.DictReader(io.StringIO(texts["results.csv"])))
    ballots = [json.loads(line) for line in texts["ballots.jsonl"].splitlines()]

    assert len(results) == len(texts["results.jsonl"].splitlines()) == 16
    assert {row["state"] for row in results} == {"Done"}
    assert results[0]["prompt"] == "'=HYPERLINK(1)"
    assert json.loads(texts["results.jsonl"].splitlines()[0])["prompt"] == "=HYPERLINK(1)"
    assert len(ballots) == len(list(csv.DictReader(io.StringIO(texts["ballots.csv"])))) == 24
    labels = {column.label for column in evaluation.columns}
    assert all(ballot["best"] in labels and set(ballot["shown"].split(" | ")) <= labels for ballot in ballots)

    report = (await http_client.get(f"/evaluations/{evaluation.id}/report.html")).text
    assert report.count('<img src="data:image/') == 16
    assert not re.search(r"""(src|href)=["'](?!data:)""", report)
    assert all(column.label in report for column in evaluation.columns)
    assert "4 prompts, 3 voters, 24 votes" in report
    assert evaluation.id not in report
    assert evaluation.token not in report


# By the path to it: a value that no evaluation of this program has there, as JSON.
ODD = {
    ("evaluation", "repeats"): "Infinity", ("evaluation", "per_model"): "1" + "0" * 30, ("evaluation", "budget"): "NaN",
    ("evaluation", "created_at"): "1e300", ("evaluation", "name"): '"a\\u0000b"', ("evaluation", "prompts"): "[]",
    ("evaluation", "baseline"): '"x"', ("evaluation", "columns", 0, "model"): "{}", ("cells", 0, "checks"): '"abc"',
    ("cells", 0, "refused"): "{}", ("cells", 0, "credits"): "NaN", ("cells", 0, "file"): '"../../etc/passwd"',
    ("cells", 0, "job", "task_id"): "5", ("cells", 0, "job", "charged"): '"x"', ("cells", 0, "job", "problem"): "[1]",
    ("cells", 0, "job", "count"): "1" + "0" * 25, ("ballots", 0, "seconds"): "-1", ("version",): '"1"', ("cells",): "[" * 9999,
}  # fmt: skip


def odd_files(file: bytes) -> Iterator[bytes]:
    """The ZIP with one value changed, and with a description that cannot be unpacked."""
    packed = zipfile.ZipFile(io.BytesIO(file))
    for path, text in ODD.items():
        manifest = json.loads(packed.read("evaluation.json"))
        *parents, last = path
        reduce(lambda value, name: value[name], parents, manifest)[last] = "ODD"
        changed = io.BytesIO()
        with zipfile.ZipFile(changed, "w") as written:
            for name in set(packed.namelist()) - {"evaluation.json"}:
                written.writestr(name, packed.read(name))
            written.writestr("evaluation.json", json.dumps(manifest).replace('"ODD"', text))
        yield changed.getvalue()
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        broken = io.BytesIO()
        with zipfile.ZipFile(broken, "w", method) as written:
            written.writestr("evaluation.json", packed.read("evaluation.json"))
        start = 30 + len("evaluation.json") + 9
        yield broken.getvalue()[:start] + b"\xff" * 40 + broken.getvalue()[start + 40 :]


async def test_an_empty_installation_reads_the_zip_and_shows_the_same_boards(
    catalog: Catalog, sandbox: str, playground: Playground, http_client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    evaluation = await voted(playground)
    file = (await http_client.get(f"/evaluations/{evaluation.id}/evaluation.zip")).content
    async with (
        open_playground(catalog, tmp_path / "other", sandbox) as other,
        serve_playground(other, tmp_path / "up", **ANN) as other_http,
    ):
        answer = await other_http.post("/evaluations", content=file)
        imported = await other.evaluations.find(answer.json()["evaluation_id"], visitor_id(ANN["X-Playground-Visitor"]))
        boards = [
            as_values(await one.evaluations.board(shown)) for one, shown in ((playground, evaluation), (other, imported))
        ]
        small = await other_http.get(f"/evaluations/{imported.id}/cells/0/thumbnail")
        damaged = (b"", b"no zip", file[: len(file) // 2], *odd_files(file))
        refused = [await other_http.post("/evaluations", content=body) for body in damaged]
        spent = await other.jobs.store.spending.today()

    assert boards[0] == boards[1]
    assert boards[0]["rows"][0]["tier"] == 1
    assert small.status_code == 200
    assert [(bad.status_code, "damaged" in bad.text) for bad in refused] == [(422, True)] * len(damaged)
    assert spent.total == 0


async def test_punctuation_in_a_prompt_does_not_keep_the_zip_from_being_read(
    playground: Playground, http_client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does what only looks like the escape of a character that no database stores."""
    prompt = r"a \"fox\", \u0000 [{" + ",[{" * 300
    evaluation = await evaluated(playground, 1, first=prompt)
    monkeypatch.setattr(manifest, "MOST_VALUES", 500)
    file = (await http_client.get(f"/evaluations/{evaluation.id}/evaluation.zip")).content

    assert (await http_client.post("/evaluations", content=file)).status_code == 200


async def test_a_picture_that_is_no_longer_stored_does_not_keep_the_zip_from_being_read(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    evaluation = await evaluated(playground, 1)
    first, *others = await playground.evaluations.cells.results(evaluation.id)
    await playground.jobs.pictures.remove(first.picture)
    file = (await http_client.get(f"/evaluations/{evaluation.id}/evaluation.zip")).content
    answer = await http_client.post("/evaluations", content=file)
    read = await playground.evaluations.cells.results(answer.json()["evaluation_id"])

    assert [result.state for result in read] == [CellState.FAILED, *(result.state for result in others)]


async def test_a_picture_that_another_process_deletes_before_the_import_is_recorded_is_stored_again(
    playground: Playground, http_client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation = await evaluated(playground, 1)
    file = (await http_client.get(f"/evaluations/{evaluation.id}/evaluation.zip")).content
    pictures, record = playground.jobs.pictures, playground.jobs.store.add_all
    names = {result.picture for result in await playground.evaluations.cells.results(evaluation.id)}

    async def recorded_late(make_jobs: MakeJobs) -> list[Job]:
        for name in names:
            pictures.storage.remove(name)
        return await record(make_jobs)

    monkeypatch.setattr(playground.jobs.store, "add_all", recorded_late)
    answer = await http_client.post("/evaluations", content=file)

    assert answer.status_code == 200
    assert {stored.name for stored in pictures.storage.files()} == names
    assert not pictures._held


async def test_what_cannot_be_read_back_is_not_written_and_votes_that_cannot_be_stored_keep_all_from_being_imported(
    playground: Playground, http_client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation = await voted(playground)
    limits = (("MOST_BALLOTS", 23, "24 votes"), ("LARGEST_MANIFEST", 100, "MB"), ("MOST_VALUES", 9, "9 values"))
    for name, most, words in limits:
        with monkeypatch.context() as limited:
            limited.setattr(manifest, name, most)
            answer = await http_client.get(f"/evaluations/{evaluation.id}/evaluation.zip")
        assert (answer.status_code, words in answer.text) == (409, True), name
    file = (await http_client.get(f"/evaluations/{evaluation.id}/evaluation.zip")).content
    failing_trigger = "CREATE TRIGGER failing BEFORE INSERT ON ballots BEGIN INSERT INTO no_such_table VALUES (1); END"
    transactions = playground.evaluations.store.transactions
    await transactions.write(lambda connection: connection.exec_driver_sql(failing_trigger))
    pictures = sorted(stored.name for stored in playground.jobs.pictures.storage.files())
    answer = await http_client.post("/evaluations", content=file)

    assert answer.status_code == 503
    counts = "SELECT (SELECT count(*) FROM evaluations), (SELECT count(*) FROM jobs)"
    assert await transactions.read(lambda connection: tuple(connection.exec_driver_sql(counts).one())) == (1, 16)
    assert sorted(stored.name for stored in playground.jobs.pictures.storage.files()) == pictures
