"""The two tables as CSV files from plain addresses."""

from __future__ import annotations

import csv
import io

from components.catalog.models import Catalog
from components.catalog.prices import price_list
from tests.ui import App


def test_the_files_hold_what_the_tables_show(app: App, catalog: Catalog) -> None:
    """Under plain addresses, with a name to save them by; numbers that are none are refused."""
    models, plans = app.get("/models.csv"), app.get("/plans.csv?pictures=10&budget=1")

    for answer, name in ((models, "models.csv"), (plans, "plans.csv")):
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert name in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(models.text)))
    assert [row["id"] for row in rows] == [row.model.id for row in price_list(catalog)]
    assert "nan" not in (models.text + plans.text).lower().split(",")
    assert float(next(csv.DictReader(io.StringIO(plans.text)))["$ a month"]) == 0.4
    wrong = [app.get(f"/plans.csv?pictures={value}") for value in ("-1", "x", "nan", "inf", "1e10")]
    assert [answer.status_code for answer in wrong] == [422] * 5
