"""Two models with the same name and provider are distinguished by their ids."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from components.catalog.loading import load_catalog
from components.ui.page_events import open_model
from tests.ui import ROOT
from tests.ui.page_session import PageSession, open_playground

TWIN = "flux-2-of-another-node"


async def test_a_row_opens_the_model_whose_id_it_carries(tmp_path: Path, sandbox: str) -> None:
    entries = yaml.safe_load((ROOT / "catalog.yaml").read_text(encoding="utf-8"))
    flux = next(entry for entry in entries["models"] if entry["id"] == "flux-2")
    entries["models"].append({**flux, "id": TWIN, "aliases": [], "price": [{"credits": 1}]})
    (tmp_path / "twins.yaml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    catalog = load_catalog(tmp_path / "twins.yaml")
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        page = PageSession(playground, "ann-of-the-twins-123456")
        await page.arrive("tab=models")
        rows = re.findall(r'<tr[^>]*data-model="([^"]+)"', page.values[page.parts.models.prices])
        prices = {}
        for model in ("flux-2", TWIN):
            await page.call(open_model, page.parts, {"model": model})
            prices[page.values[page.parts.generate.model]] = page.values[page.parts.generate.button]

    assert sorted(rows) == sorted(model.id for model in catalog.models)
    assert prices == {"flux-2": "Generate · 5 credits · $0.05", TWIN: "Generate · 1 credit · $0.01"}
