"""Data files from plain addresses: the price tables, a history and a comparison."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import httpx2

from components.catalog.models import Catalog
from components.catalog.prices import price_list
from components.comparisons.plan import Choice
from components.playground import Playground
from components.playground.visits import COOKIE
from components.views.exports.jobs import CARD_COLUMNS, JOB_COLUMNS
from components.web.downloads import JOBS_AT_ONCE
from tests.ui import AppProcess
from tests.ui.finished_comparison import ANN, SECRET, run_comparison
from tests.ui.test_history import past

COOKIES = {"Cookie": f"{COOKIE}={SECRET}"}
HEADERS = {"X-Playground-Visitor": SECRET}
OTHER = {"X-Playground-Visitor": "bob-of-the-downloads-0123456789"}


def test_the_files_hold_what_the_tables_show(app: AppProcess, catalog: Catalog) -> None:
    """Under plain addresses, with a name to save them by; numbers that are none are refused."""
    models, plans = app.get("/models.csv"), app.get("/plans.csv?pictures=10&budget=1")

    for answer, name in ((models, "models.csv"), (plans, "plans.csv")):
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert name in answer.headers["content-disposition"]
        assert answer.content.startswith(b"\xef\xbb\xbfid,Model")
    rows = list(csv.DictReader(io.StringIO(models.content.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == [row.model.id for row in price_list(catalog)]
    assert "nan" not in (models.text + plans.text).lower().split(",")
    assert float(next(csv.DictReader(io.StringIO(plans.content.decode("utf-8-sig"))))["$ a month"]) == 0.4
    wrong = [app.get(f"/plans.csv?pictures={value}") for value in ("-1", "x", "nan", "inf", "1e10")]
    assert [answer.status_code for answer in wrong] == [422] * 5


def rows_of(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-store"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_a_visitor_reads_a_history_and_a_comparison_as_data_by_cookie_or_header(
    playground: Playground, http_client: httpx2.AsyncClient, catalog: Catalog
) -> None:
    """CSV and JSON hold the same jobs, also those beyond what is read at once; a failed card says why."""
    for number in range(JOBS_AT_ONCE):
        await playground.jobs.store.add(replace(past(catalog, number), visitor=ANN))
    comparison = await run_comparison(
        playground, "cogview-4", "flux-2", Choice("imagen-4", {"prompt": "=1+1 #sandbox:failed"})
    )
    address = f"/comparisons/{comparison.id}/jobs"
    for headers in (COOKIES, HEADERS):
        history: dict[str, Any] = (await http_client.get("/history.json", headers=headers)).json()
        rows = rows_of(await http_client.get("/history.csv", headers=headers))
        assert history["total"] == len(history["jobs"]) == len(rows) == JOBS_AT_ONCE + 3
        assert list(rows[0]) == list(JOB_COLUMNS)
        assert [row["job_id"] for row in rows] == [job["job_id"] for job in history["jobs"]]
        data = (await http_client.get(f"{address}.json", headers=headers)).json()
        cards = rows_of(await http_client.get(f"{address}.csv", headers=headers))
        assert list(cards[0]) == list(CARD_COLUMNS)
        assert [card["job"]["job_id"] for card in data["cards"]] == [card.job for card in comparison.cards]
        assert [row["state"] for row in cards] == ["done", "done", "failed"]
        assert (cards[2]["prompt"][:5], cards[2]["problem"][-1:]) == ("'=1+1", ".")
        picture = data["cards"][0]["job"]["pictures"][0]["address"]
        assert (await http_client.get(picture)).status_code == 200
        assert picture.startswith(str(http_client.base_url).rstrip("/"))
        report = await http_client.get(f"/comparisons/{comparison.id}/report.html", headers=headers)
        assert report.status_code == 200
    filtered = rows_of(await http_client.get("/history.csv?state=failed", headers=HEADERS))
    assert [row["model"] for row in filtered] == ["imagen-4"]


async def test_nobody_else_reads_a_history_or_a_comparison(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    comparison = await run_comparison(playground, "cogview-4")
    for headers in (OTHER, {}, {"Cookie": f"{COOKIE}="}):
        assert (await http_client.get("/history.json", headers=headers)).json() == {"total": 0, "jobs": []}
        assert rows_of(await http_client.get("/history.csv", headers=headers)) == []
        for kind in ("csv", "json"):
            answer = await http_client.get(f"/comparisons/{comparison.id}/jobs.{kind}", headers=headers)
            assert (answer.status_code, comparison.id in answer.text) == (404, False)
    for path in ("/history.xlsx", f"/comparisons/{comparison.id}/jobs.html"):
        assert (await http_client.get(path, headers=HEADERS)).status_code == 404
    for path in ("/history.csv", "/history.json"):
        assert (
            (await http_client.head(path, headers=HEADERS))
            .headers["content-disposition"]
            .startswith("attachment; filename=")
        )
