"""Jobs as data: CSV that opens in spreadsheets and runs nothing there, JSON with every fact."""

from __future__ import annotations

import csv
import io
import json

import pytest

from components.catalog.models import Catalog
from components.errors import Problem
from components.jobs.job import HistoryEntry, JobState, new_id
from components.views.exports.csv_text import csv_header, csv_rows
from components.views.exports.jobs import JOB_COLUMNS, job_object, job_row
from tests.views.html import PICTURE
from tests.views.test_history import past

ORIGIN = "https://playground.example/play"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        *((f"{sign}1+1", f"'{sign}1+1") for sign in "=+-@＝＋－＠\t\r\n"),
        ("a;=1+1", "a;'=1+1"),
        ("a\n@SUM(1)", "a\n'@SUM(1)"),
        ("a\n-1|cmd", "a\n'-1|cmd"),
        ("two:\n- one\n- two", "two:\n- one\n- two"),
        ('a "b", c\r\n=d', 'a "b", c\r\n\'=d'),
        ("a=b; c", "a=b; c"),
        ("é — Δ 🦊", "é — Δ 🦊"),
    ],
)
def test_a_text_in_a_cell_is_no_formula_and_nothing_else_of_it_changes(text: str, cell: str) -> None:
    columns = ("id", "text", "number")
    file = csv_header(columns) + csv_rows([{"id": "1", "text": text, "number": -1.5}], columns)

    assert file.startswith("\ufeffid,text,number\r\n")
    assert list(csv.reader(io.StringIO(file[1:], newline="")))[1:] == [["1", cell, "-1.5"]]


def test_the_id_of_a_job_is_itself_in_a_cell() -> None:
    """One that began with a hyphen, as every sixty-fourth did, got a quote."""
    ids = [{"id": new_id()} for _ in range(1_000)]
    assert csv_rows(ids, ["id"]).split() == [row["id"] for row in ids]


def test_a_number_that_is_not_known_is_an_empty_cell() -> None:
    assert csv_rows([{"a": None, "b": float("nan"), "c": 0}], ("a", "b", "c")) == ",,0\r\n"


def test_every_fact_of_a_job_is_in_its_object_and_its_row(catalog: Catalog) -> None:
    problem = Problem("failed", "The model crashed.", "Try again.", "Nothing was charged.", reply="{}")
    job = past(catalog, charged=7.0, comparison_id="c1", problem=problem, pictures=(PICTURE, PICTURE), prompt="=kite")
    entry = HistoryEntry(job, starred=True, note="for #acme")
    fields = job_object(catalog, entry, ORIGIN)
    row = job_row(catalog, entry, ORIGIN)

    assert tuple(fields) == tuple(name for name in JOB_COLUMNS if name not in ("picture_sizes", "picture_addresses"))
    assert (fields["job_id"], fields["task_id"], fields["comparison_id"]) == (job.id, "n41", "c1")
    assert (fields["credits_estimated"], fields["credits_charged"], fields["usd_estimated"]) == (5.0, 7.0, 0.05)
    assert fields["prompt"] not in fields["parameters"].values()
    assert fields["parameters"] == {name: value for name, value in job.body.items() if name != "prompt"}
    assert fields["pictures"][1]["address"] == f"{ORIGIN}/pictures/{PICTURE.name}"
    assert fields["problem"]["what"] == "The model crashed."
    assert json.loads(row["parameters"]) == fields["parameters"]
    assert row["picture_addresses"].split() == [f"{ORIGIN}/pictures/{PICTURE.name}"] * 2
    assert (row["starred"], row["note"], row["model_name"]) == ("yes", "for #acme", "Flux 2")
    assert row["problem"] == "The model crashed. Nothing was charged. Try again."


def test_what_is_not_known_of_a_job_is_nothing_and_not_a_number(catalog: Catalog) -> None:
    job = past(catalog, state=JobState.ABANDONED, credits=float("inf"), usd=float("inf"), finished_at=None, pictures=())
    fields = job_object(catalog, HistoryEntry(job), ORIGIN)

    assert fields["state"] == "uncertain"
    assert {fields[name] for name in ("credits_estimated", "credits_charged", "usd_estimated", "seconds")} == {None}
    assert fields["created_at"].endswith("Z")
