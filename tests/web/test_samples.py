"""Samples: real pictures on the models' cards, which only the host can choose."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from components.catalog.loading import load_catalog
from components.comparisons.plan import Choice
from components.comparisons.samples import Samples
from components.playground import KEY_HEADER, Playground, Visit
from components.ui.compare.share import offer_pin, pin_samples
from tests.catalog.renamed import catalog_with_renamed
from tests.recorder import Recorder
from tests.ui import ROOT, write_quick_catalog
from tests.ui.page_session import PageSession, open_playground
from tests.web.conftest import serve_playground

HOST_KEY, OWN_KEY = "sk-host-0f1e2d3c4b5a", "sk-of-my-own-5e6f7a8b"
MODELS = ["cogview-4", "ideogram-v4"]
DAY = r"2\d{3}-\d\d-\d\d"


@pytest.fixture
async def playground(tmp_path: Path, cleared_upstream: Recorder, sandbox: str) -> AsyncIterator[Playground]:
    """An installation with a host's key for a service that is as quick as its catalog says."""
    async with open_playground(
        load_catalog(write_quick_catalog(tmp_path)), tmp_path, sandbox, cleared_upstream.address, HOST_KEY
    ) as playground:
        yield playground


@pytest.fixture
async def http_client(playground: Playground, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with serve_playground(playground, tmp_path / "uploads") as http:
        yield http


async def compared(playground: Playground, visit: Visit, *models: str) -> str:
    """The id of a comparison that has ended."""
    choices = [Choice(model) for model in models]
    comparison = await playground.compare(choices, {"prompt": "A red kite <b>"}, 1, visit)
    for card in comparison.cards:
        await playground.jobs.settled(card.job, visit.visitor)
    return comparison.id


async def cards(http_client: httpx2.AsyncClient) -> dict[str, str]:
    """Each model's card in the panel."""
    html = (await http_client.get("/picker")).text
    return {re.findall('data-value="(.*?)"', card)[0]: card for card in html.split("<li")[1:]}


async def test_the_hosts_samples_stand_on_the_cards_until_they_are_removed(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    """With prompt, price and day; also after their jobs and files were deleted. A model without a sample keeps its drawing."""
    visit, host = Visit(), {KEY_HEADER: HOST_KEY}
    comparison = await compared(playground, visit, *MODELS)

    assert (await http_client.post(f"/samples/{comparison}", headers=host)).status_code == 204
    _, jobs = await playground.comparisons.with_jobs(comparison, visit.visitor)
    await playground.history.hide(visit.visitor, list(jobs))
    for picture in (picture for job in jobs.values() for picture in job.pictures):
        await playground.jobs.pictures.remove(picture.name)

    for model, price in zip(MODELS, ("0.04", "0.12"), strict=True):
        card = (await cards(http_client))[model]
        assert "“A red kite &lt;b&gt;”" in card
        assert re.search(rf"\${price} · {DAY}", card)
        (address,) = re.findall(r'src="(samples/[0-9a-f]{64}\.webp)"', card)
        answer = await http_client.get(f"/{address}")
        assert (answer.headers["content-type"], answer.content[:4]) == ("image/webp", b"RIFF")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "sandbox drawing" in (await cards(http_client))["flux-2"]
    assert (await http_client.delete("/samples", headers=host)).status_code == 204
    assert all("sandbox drawing" in card for card in (await cards(http_client)).values())
    assert (await http_client.get(f"/{address}")).status_code == 404


async def test_the_sample_of_a_model_stays_when_the_model_is_renamed(playground: Playground) -> None:
    jobs, visit = playground.jobs, Visit()
    await playground.comparisons.pin(await compared(playground, visit, "cogview-4"))
    samples = Samples(catalog_with_renamed("cogview-4", "cogview-four"), jobs.store.transactions, jobs.pictures)

    await samples.refresh()

    assert [*samples.current] == ["cogview-four"]


async def test_a_stranger_cannot_change_the_samples(playground: Playground, http_client: httpx2.AsyncClient) -> None:
    """Also not for a comparison of their own, which the host or their own key has paid."""
    comparison = await compared(playground, Visit(), "cogview-4")

    for key in ({}, {KEY_HEADER: ""}, {KEY_HEADER: OWN_KEY}, {KEY_HEADER: HOST_KEY[:-1]}):
        refused = [
            await http_client.post(f"/samples/{comparison}", headers=key),
            await http_client.delete("/samples", headers=key),
        ]
        assert [answer.status_code for answer in refused] == [403, 403]
        assert HOST_KEY not in refused[0].text
    assert playground.comparisons.samples.current == {}


async def test_what_is_no_picture_of_a_real_model_is_no_sample(
    playground: Playground, http_client: httpx2.AsyncClient
) -> None:
    host, drawn = {KEY_HEADER: HOST_KEY}, Visit()
    comparison = await compared(
        replace(playground, accounts=replace(playground.accounts, host_key=None)), drawn, "cogview-4"
    )

    answer = await http_client.post(f"/samples/{comparison}", headers=host)
    assert (answer.status_code, "no picture of a real model" in answer.text) == (409, True)
    assert (await http_client.post("/samples/nobody", headers=host)).status_code == 404


async def test_the_button_is_the_hosts_whose_own_key_the_page_holds(playground: Playground) -> None:
    """A visitor without the host's key does not see the button, and its event changes nothing for them."""
    page = PageSession(playground, "somebody-who-compares-0123456789")
    await page.arrive()
    share, header = page.parts.compare.share, page.parts.header
    visit = page.values[header.visit]
    page.values[share.comparison] = await compared(playground, visit, "cogview-4")

    for key, seen in (("", False), (OWN_KEY, False), (HOST_KEY, True)):
        page.values[header.visit] = visit.with_key(key) if key else visit
        assert (await page.call(offer_pin, share))[share.pin]["visible"] is seen
        await page.call(pin_samples, share)
        assert list(playground.comparisons.samples.current) == (["cogview-4"] if seen else [])


@pytest.mark.processes
async def test_the_command_asks_the_running_page_with_the_hosts_key(
    playground: Playground, http_client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    comparison = await compared(playground, Visit(), "cogview-4")
    (tmp_path / ".env").touch()

    async def command(*arguments: str, key: str = HOST_KEY) -> tuple[int | None, str]:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "API_IN_ONE_KEY": key}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "components.web.samples", *arguments, "--address", str(http_client.base_url), cwd=tmp_path,
            env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        return process.returncode, output.decode()

    assert await command(comparison) == (0, "The samples have been changed.\n")
    assert list(playground.comparisons.samples.current) == ["cogview-4"]
    assert (await command("nobody"))[0] == 1
    refused = await command("--remove", key=OWN_KEY)
    assert (refused[0], "Only the host" in refused[1]) == (1, True)
    assert await command("--remove") == (0, "The samples have been removed.\n")
    assert playground.comparisons.samples.current == {}
