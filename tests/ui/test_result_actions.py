"""A result, its form and its code are shown together, and what its buttons do, on a page without a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.errors import InputError
from components.jobs.job import Job
from components.playground import Playground, Visit, visitor_id
from components.ui.generate.display import read_form
from components.ui.generate.tab import follow, undo_switch
from components.ui.result_actions import act, star
from tests.ui.page_session import PageSession, open_playground

SECRET = "somebody-with-a-cookie"
VISIT = Visit(visitor_id(SECRET))
FLUX = {"prompt": "A red kite", "aspect_ratio": "16:9", "type": "flex"}


@pytest.fixture
async def playground(tmp_path: Path, catalog: Catalog, sandbox: str) -> AsyncIterator[Playground]:
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        yield playground


async def have_made(playground: Playground, model: str, parameters: dict[str, Any]) -> Job:
    job = await playground.generate(model, parameters, VISIT)
    return await playground.jobs.settled(job.id, VISIT.visitor)


async def opened(playground: Playground, query: str = "") -> PageSession:
    page = PageSession(playground, SECRET)
    await page.arrive(query)
    return page


async def press(page: PageSession, action: str, job: Job, **sent: str) -> None:
    await page.call(act, page.parts.actions, {"action": action, "job_id": job.id, **sent})


def form(page: PageSession) -> tuple[str, dict[str, Any]]:
    """The model and the values of the form that differ from its defaults."""
    model, values = read_form(page.parts.generate, page.values)
    return model.id, {name: value for name, value in values.items() if value != model.parameters[name].default}


def shows(page: PageSession, job: Job | None) -> bool:
    """Whether the result is this job's (None: no job's), with its form, its code and its task id, and no mark of a change."""
    tab = page.parts.generate
    code, marked = page.values[tab.code.code], page.values[tab.panel.changed]
    known = job is None or (job.prompt in code and f"tasks/{job.task_id}" in code)
    return page.values[tab.panel.job] == (job.id if job else "") and known and not marked


async def test_a_page_opens_with_the_last_job_with_the_job_of_its_address_or_with_an_empty_place(
    playground: Playground,
) -> None:
    first = await have_made(playground, "flux-2", FLUX)
    last = await have_made(playground, "cogview-4", {"prompt": "A blue boat"})
    for query, job, wanted in (
        ("", last, ("cogview-4", {"prompt": "A blue boat"})),
        (f"model=flux-2&job={first.id}", first, ("flux-2", FLUX)),  # a prompt too long for the address
        (f"model=flux-2&job={first.id}&prompt=A+red+kite&aspect_ratio=16:9&type=flex", first, ("flux-2", FLUX)),
        ("model=flux-2&prompt=A+fox", None, ("flux-2", {"prompt": "A fox"})),
        ("model=flux-2&prompt=A+fox&job=somebody-elses", None, ("flux-2", {"prompt": "A fox"})),
    ):
        page = await opened(playground, query)
        page.values[page.parts.generate.code.target] = "sandbox"
        await page.call(follow, page.parts.generate)
        assert form(page) == wanted, query
        tab = page.parts.generate
        assert page.values[tab.panel.job] == (job.id if job else ""), query
        assert job is None or shows(page, job), query


async def test_a_changed_form_marks_the_result_until_it_is_opened_again(playground: Playground) -> None:
    job = await have_made(playground, "flux-2", FLUX)
    page = await opened(playground)
    tab = page.parts.generate
    page.values[tab.code.target] = "sandbox"
    page.values[tab.prompt] = "A red kite, larger"
    await page.call(follow, tab)
    assert "Settings changed" in page.values[tab.panel.changed]
    assert "TASK_ID" in page.values[tab.code.code]
    await press(page, "open", job)
    assert shows(page, job)
    page.values[tab.code.target] = "service"
    await page.call(follow, tab)
    assert "https://apiin.one/api" in page.values[tab.code.code]
    assert job.task_id not in page.values[tab.code.code], "the service does not know the sandbox's tasks"


async def test_the_buttons_of_a_result(playground: Playground) -> None:
    grok = await have_made(playground, "grok-imagine", {"prompt": "A walrus"})
    page = await opened(playground)
    tab = page.parts.generate

    await press(page, "upscale", grok)
    assert form(page) == ("grok-imagine", {"model": "grok-imagine/upscale", "prompt": "A walrus", "task_id": grok.task_id})

    await press(page, "again", grok)
    assert page.values[tab.panel.job] not in ("", grok.id)
    assert form(page) == ("grok-imagine", {"prompt": "A walrus"})

    await press(page, "compare", grok)
    assert page.values[page.parts.compare.form.roles["prompt"]] == "A walrus"

    await press(page, "input", grok, picture="7")
    assert "no such picture" in page.values[page.parts.header.banner]

    await page.call(star, page.parts.actions, {"job_id": grok.id, "starred": "true"})
    await page.call(star, page.parts.actions, {"job_id": grok.id, "starred": "true"})
    assert (await playground.jobs.entry(grok.id, VISIT.visitor)).starred


async def test_a_result_is_used_as_the_input_image_of_a_model(playground: Playground) -> None:
    """The chosen one if it does, else another, to which prompt and shape are carried over."""
    job = await have_made(playground, "flux-2", FLUX)
    address = f"http://here.example/pictures/{job.pictures[0].name}"
    page = await opened(playground)
    for query, wanted in (
        ("model=seedream-4-5&prompt=A+fox", ("seedream-4-5", {"model": "seedream/4.5-edit", "prompt": "A fox", "image_urls": [address]})),
        ("model=ideogram-v3&prompt=A+fox", ("ideogram-v3", {"prompt": "A fox", "image": address})),
        ("model=imagen-4&prompt=A+fox&aspect_ratio=16:9", ("flux-2", {"prompt": "A fox", "aspect_ratio": "16:9", "input_urls": [address]})),
    ):  # fmt: skip
        page = await opened(playground, query)
        await press(page, "input", job)
        assert form(page) == wanted


async def test_the_first_image_sets_the_mode_that_uses_it_until_that_is_undone(playground: Playground) -> None:
    page = await opened(playground, "model=seedream-4-5&prompt=A+fox")
    tab = page.parts.generate
    images = next(slot.control for slot in tab.form.slots if slot.name == "image_urls")
    edit = {"model": "seedream/4.5-edit", "prompt": "A fox", "image_urls": ["https://a.example/1.png"]}

    page.values[images] = "https://a.example/1.png"
    await page.call(follow, tab)
    assert form(page) == ("seedream-4-5", edit)
    assert "Variant set to Edit images" in page.values[tab.switch.note]
    await page.call(undo_switch, tab)
    await page.call(follow, tab)
    assert (form(page)[1].get("model"), page.values[tab.switch.note].strip()) == (None, "")

    page.values[images] = ""
    await page.call(follow, tab)
    page.values[images] = "https://a.example/2.png"
    await page.call(follow, tab)
    page.values[images] = ""
    await page.call(follow, tab)
    assert form(page) == ("seedream-4-5", {"prompt": "A fox"}), "without an image the mode goes back"


async def test_a_picture_of_this_page_alone_is_not_sent_to_the_service(playground: Playground) -> None:
    own = {"prompt": "A fox", "input_urls": ["http://here.example/uploads/a.png"]}
    flux = playground.catalog.find("flux-2")
    assert flux
    assert not playground.check_form(flux, own, VISIT).problems
    keyed = VISIT.with_key("aio_visitor_key_0123456789")
    assert [error.field for error in playground.check_form(flux, own, keyed).problems] == ["input_urls"]
    with pytest.raises(InputError, match="no public address"):
        await playground.generate("flux-2", own, keyed)
