"""A downloaded picture is read back into the settings that it was made with, or refused with the reason."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx2

from components.catalog.models import Catalog
from components.catalog.requests import build_request
from components.pictures.metadata import Recipe, embed
from components.playground import Playground
from components.views.recipe import read_recipe
from components.web.pictures import LARGEST_UPLOAD, NO_PICTURE, NO_RECIPE, UPLOADS_AT_ONCE
from tests.jobs.scripted_upstream import png
from tests.web.test_pictures import HEADERS, made


async def test_a_downloaded_picture_fills_the_form_that_made_it(
    playground: Playground, http_client: httpx2.AsyncClient, catalog: Catalog
) -> None:
    """Pressing the button then would send the same body."""
    cases: list[tuple[str, dict[str, Any]]] = [
        (
            "flux-2",
            {"type": "flex", "aspect_ratio": "9:16", "input_urls": ["https://a.example/1.png?a=b&c", "https://b.example"]},
        ),
        ("imagen-4", {"num_images": 3, "seed": 2**40}),
        ("gpt-image-1-5", {"quality": "high", "aspect_ratio": "2:3"}),
    ]
    for model, parameters in cases:
        job = await made(playground, model, **parameters)
        data = (await http_client.get(f"/files/{job.id}/1", headers=HEADERS)).content
        chosen, settings, notice = read_recipe(catalog, (await http_client.post("/recipe", content=data)).json())

        assert notice == ""
        assert build_request(catalog, chosen.id, settings).body == dict(job.body)


def a_recipe(chosen: str = "flux-2", /, **parameters: Any) -> Recipe:
    created = datetime(2026, 3, 4, tzinfo=UTC)
    return Recipe(model=chosen, parameters=parameters, task_id="n1", sandbox=True, credits=5, usd=0.05, created=created)


async def test_settings_are_returned_as_they_were_even_if_the_form_cannot_hold_them(http_client: httpx2.AsyncClient) -> None:
    """A text of any length, and parameters that the model no longer has: the form says what it cannot hold."""
    parameters = {"prompt": "Длинное описание. " * 270, "input_urls": ["https://a.example/1.png"] * 8, "mood": "merry"}
    answer = await http_client.post("/recipe", content=embed(png(3, 2), a_recipe(**parameters)))

    assert answer.json() == {"model": "flux-2", "parameters": parameters}


async def test_a_picture_without_a_usable_recipe_is_answered_with_the_reason(http_client: httpx2.AsyncClient) -> None:
    unknown = "This picture was made with <b>gone</b>, which is not offered here."
    cases = [
        (png(3, 2), NO_RECIPE),
        (png(3, 2, form="JPEG"), NO_RECIPE),
        (png(3, 2, form="WEBP"), NO_RECIPE),
        (png(3, 2)[:20], NO_RECIPE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", NO_PICTURE),
        (b"", NO_PICTURE),
        (embed(png(3, 2), a_recipe("<b>gone</b>")), unknown),
    ]
    for data, reason in cases:
        answer = await http_client.post("/recipe", content=data)
        assert (answer.status_code, answer.json()) == (422, {"detail": reason}), data[:20]


async def test_a_body_that_is_too_large_is_refused(http_client: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(2 * LARGEST_UPLOAD // 1_000_000):
            yield bytes(1_000_000)

    answer = await http_client.post("/recipe", content=endless())

    assert (answer.status_code, answer.json()["detail"]) == (413, "The picture is larger than 32 MB.")


async def test_only_a_few_pictures_are_read_at_once(http_client: httpx2.AsyncClient) -> None:
    """One more gets the answer to come again, and can as soon as one of them is done."""
    started, gate = asyncio.Semaphore(0), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield png(3, 2)[:9]
        started.release()
        await gate.wait()

    arriving = [asyncio.create_task(http_client.post("/recipe", content=slow())) for _ in range(UPLOADS_AT_ONCE)]
    for _ in arriving:
        await started.acquire()
    async with asyncio.timeout(60):
        while (await http_client.post("/recipe", content=png(3, 2))).status_code != 503:
            pass
    gate.set()
    assert {answer.status_code for answer in await asyncio.gather(*arriving)} == {422}
    assert (await http_client.post("/recipe", content=png(3, 2))).status_code == 422
