"""The report of a comparison: one file with everything in it, honest about prices, silent about whose it is."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from components.catalog.models import Catalog
from components.comparisons.comparison import Card, Comparison
from components.comparisons.plan import Choice
from components.jobs.job import JobState
from components.playground import Playground
from components.views.report import report_name, write_report
from components.views.sheet import Entry, describe
from tests.ui.compared import ANN, KEY, Reader, compared, comparing

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>",
    "</style></title></blockquote><script>alert(1)</script>",
    "\"double\" 'single' \\ ${alert(1)} {{7*7}} {% raw %} & &amp; <!-- -->",
    "\u05e9\u05dc\u05d5\u05dd \u202eevil\u202c \u0645\u0631\u062d\u0628\u0627 \U0001f98a e\u0301",
    "one\n\n  two\tthree",
    "".join(f"{number}\u00e4<b>" for number in range(2_000))[:10_000],
)
REMARK = "only-for-the-eyes-of-ann"
SVG = "recraft-v4-text-to-vector"


@pytest.fixture
async def playground(catalog: Catalog, sandbox: str, tmp_path: Path) -> AsyncIterator[Playground]:
    async with comparing(catalog, sandbox, tmp_path) as playground:
        yield playground


async def read(playground: Playground, batch: Comparison) -> Reader:
    return Reader((await write_report(playground, batch, await playground.comparisons.jobs(batch))).decode())


def decoded(address: str) -> bytes:
    assert re.match(r"data:image/(jpeg|webp|svg\+xml);base64,", address)
    return base64.b64decode(address.partition(",")[2], validate=True)


async def test_every_picture_is_inside_and_nothing_is_asked_of_anybody(playground: Playground) -> None:
    """The policy in the file forbids what the file does not ask for anyway."""
    batch = await compared(
        playground, "cogview-4", Choice("flux-2", {"type": "flex", "resolution": "2K"}), "imagen-4", count=2
    )
    page = await read(playground, batch)
    pictures = [decoded(tag["src"]) for tag in page.all("img")]

    assert len(pictures) == 4
    for data in pictures:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            assert max(picture.size) <= 1024
    assert "2048 × 2048 PNG" in page.text
    page.inert()
    assert all(tag["href"].startswith("#card-") for tag in page.all("a"))
    (policy,) = [tag["content"] for tag in page.all("meta") if tag.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "http" not in policy


async def test_the_whole_recipe_is_told(playground: Playground) -> None:
    """Prompt, shared form, what each model was sent and how that came about, price, time, size, task, snippet."""
    batch = await compared(playground, "cogview-4", "imagen-4", shape="3:2", seed=42, negative="text: none")
    jobs = await playground.comparisons.jobs(batch)
    page = await read(playground, batch)
    credits = sum(job.credits for job in jobs.values())

    assert page.text.count("a red kite") >= 1
    for told in (
        "3:2",
        "42",
        "text: none",
        "3:2 → size 1024*1024 (nearest)",
        "no seed",
        "CogView 4",
        "Google",
        "1024*1024",
        "seed",
    ):
        assert told in page.text
    for job in jobs.values():
        assert f"{job.credits:g} credits · ${job.usd:.2f}" in page.text
        assert f"{job.seconds(0):.1f} s" in page.text
        assert str(job.task_id) in page.text
    assert f"Total {credits:g} ${credits / 100:.2f}" in page.text
    assert page.text.count("curl ") >= 2
    assert "https://apiin.one/api/v1/images/generations" in page.text
    assert [tag["alt"] for tag in page.all("img")] == ["a red kite (CogView 4)", "a red kite (Imagen 4)"]
    assert re.search(r"Made on \d{1,2} \w+ 20\d\d, \d\d:\d\d UTC", page.text)


async def test_nothing_of_whose_it_is_or_who_paid_stands_in_the_file(playground: Playground) -> None:
    """It is sent on to customers."""
    batch = await compared(playground, "cogview-4", "flux-2")
    for card in batch.cards:
        await playground.jobs.remark(card.job, ANN, remark=REMARK, starred=True)
    batch = await playground.comparisons.publish(batch.id, ANN)
    file = await write_report(playground, batch, await playground.comparisons.jobs(batch))

    kept = [picture.name for job in (await playground.comparisons.jobs(batch)).values() for picture in job.pictures]
    secrets = [ANN, KEY, batch.id, str(batch.token), REMARK, *kept, *(card.job for card in batch.cards)]
    assert [secret for secret in secrets if secret.encode() in file] == []
    assert b"API_IN_ONE_KEY" in file


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
async def test_a_hostile_prompt_is_text_and_whole(playground: Playground, prompt: str) -> None:
    """In the heading, the title, the alternative texts and the snippets."""
    batch = await compared(playground, "cogview-4", "kling-image-o1", prompt=prompt, negative=prompt[:200])
    page = await read(playground, batch)

    page.inert()
    assert prompt in page.texts
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("title")) == 1
    assert {tag["dir"] for name, tag in page.tags if tag.get("class") == "prompt"} == {"auto"}


async def test_a_card_that_failed_says_why_and_leaves_the_others_alone(playground: Playground) -> None:
    """Also one that was never sent, and one whose job is gone."""
    batch = await compared(playground, "cogview-4", "flux-2", "ideogram-v4", prompt="a kite #sandbox:failed")
    fine = await compared(playground, "cogview-4")
    refused = Card("flux-2", refused="Skipped: text only, and you gave an image.")
    mixed = replace(batch, cards=(batch.cards[0], fine.cards[0], refused, replace(batch.cards[2], job="gone")))
    jobs = await playground.comparisons.jobs(mixed)
    page = await read(playground, mixed)

    assert len(page.all("img")) == 1
    assert str(jobs[batch.cards[0].job].problem.what) in page.text  # type: ignore[union-attr]
    assert "Skipped: text only, and you gave an image." in page.text
    assert "Deleted" in page.text
    assert "and at most 4 credits · $0.04 more" in page.text
    assert "Total 4 $0.04" in page.text


async def test_rows_are_sorted_by_price_and_what_has_no_picture_stands_last(playground: Playground) -> None:
    batch = await compared(playground, Choice("flux-2", {"type": "flex"}), "cogview-4", "gpt-image-1.5-official")
    failed = await compared(playground, "cogview-4", prompt="a kite #sandbox:failed")
    batch = replace(batch, cards=(Card("flux-2", refused="Skipped."), *failed.cards, *batch.cards))
    page = await read(playground, batch)

    rows = page.text.partition("Seconds Asked Delivered")[2].partition("Total")[0]
    names = re.findall(r"CogView 4|GPT Image 1.5|Flux 2 flex|Flux 2", rows)
    assert names == ["CogView 4", "GPT Image 1.5", "Flux 2 flex", "CogView 4", "Flux 2"]


async def test_drawings_are_marked_as_drawings_and_pictures_of_models_are_not(playground: Playground) -> None:
    drawn, paid = await compared(playground, "cogview-4", paid=False), await compared(playground, "flux-2")
    marks = "sandbox drawing, not model output"

    assert "sandbox drawing" not in (await read(playground, paid)).text
    page = await read(playground, drawn)
    assert marks in page.text
    assert "These pictures are sandbox drawings, not model output." in page.text
    assert "nothing was charged for this drawing" in page.text
    mixed = replace(paid, cards=(*paid.cards, *drawn.cards))
    both = await read(playground, mixed)
    assert "Pictures marked so are sandbox drawings, not model output." in both.text
    assert both.text.count(marks) == 1


async def test_a_vector_stays_a_picture_and_never_becomes_markup(playground: Playground) -> None:
    """Whatever a script inside it wants."""
    batch = await compared(playground, Choice("recraft-v4", {"model": SVG}))
    (job,) = (await playground.comparisons.jobs(batch)).values()
    scripted = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"><script>alert(1)</script></svg>'
    address = "data:;base64," + base64.b64encode(scripted).decode()
    kept = await playground.jobs.pictures.keep(address, playground.sandbox.base_url)

    page = await read(playground, batch)
    assert decoded(page.all("img")[0]["src"]).lstrip().startswith(b"<svg")
    hostile = Reader((await write_report(playground, batch, {job.id: replace(job, pictures=(kept,))})).decode())
    hostile.inert()
    assert decoded(hostile.all("img")[0]["src"]) == scripted


async def test_a_picture_that_is_gone_is_said_to_be_gone(playground: Playground) -> None:
    batch = await compared(playground, "cogview-4", "flux-2")
    jobs = await playground.comparisons.jobs(batch)
    await playground.jobs.pictures.remove(jobs[batch.cards[0].job].pictures[0].name)

    page = await read(playground, batch)
    assert len(page.all("img")) == 1
    assert "This picture is not kept any more." in page.text


async def test_a_model_that_is_gone_leaves_its_card_without_a_snippet(playground: Playground, catalog: Catalog) -> None:
    """An old comparison outlives the catalog."""
    batch = await compared(playground, "cogview-4", "flux-2")
    smaller = catalog.model_copy(update={"models": tuple(model for model in catalog.models if model.id != "cogview-4")})

    page = await read(
        replace(playground, catalog=Catalog.model_validate(smaller.model_dump(by_alias=True, exclude_none=True))), batch
    )
    assert len(page.all("img")) == 2
    assert len(page.all("pre")) == 1
    assert "cogview-4" in page.text


@pytest.mark.parametrize(
    ("changes", "cells", "note"),
    [
        ({"charged": None}, ("4", "$0.04"), "by the price list; the service reported no charge"),
        ({"charged": 4}, ("4", "$0.04"), "charged, as the service reported"),
        ({"charged": 7}, ("7", "$0.07"), "charged, as the service reported; 4 credits by the price list"),
        ({"charged": None, "credits": math.inf, "usd": math.inf}, ("–", "–"), "the price is not known"),
        ({"charged": 4, "payer": "sandbox"}, ("4", "$0.04"),
         "at the service by its price list; nothing was charged for this drawing"),
        ({"charged": None, "state": JobState.FAILED}, ("≤ 4", "≤ $0.04"),
         "by the price list; whether it is charged is not known"),
        ({"charged": None, "state": JobState.UNCERTAIN}, ("≤ 4", "≤ $0.04"),
         "by the price list; whether it is charged is not known"),
        ({"charged": None, "state": JobState.FAILED, "task_id": None}, ("–", "–"), "nothing was charged"),
        ({"charged": None, "state": JobState.FAILED, "payer": "sandbox"}, ("–", "–"), "nothing was charged"),
    ],
)  # fmt: skip
async def test_a_price_says_how_it_is_known(
    playground: Playground, changes: dict[str, object], cells: tuple[str, str], note: str
) -> None:
    batch = await compared(playground, "cogview-4")
    entry = await entry_of(playground, batch, **changes)

    assert (entry.price.cells, entry.price.note) == (cells, note)


async def entry_of(playground: Playground, batch: Comparison, **changes: object) -> Entry:
    """The only card of a comparison after changes to its job."""
    (job,) = (await playground.comparisons.jobs(batch)).values()
    changed = {job.id: replace(job, **changes)}  # type: ignore[arg-type]
    return describe(playground, batch, changed, {(1, 1): "x"}, public=False).entries[0]


async def test_asked_beside_delivered(playground: Playground) -> None:
    batch = await compared(playground, "flux-2", prompt="a kite #sandbox:square", shape="16:9")
    entry = await entry_of(playground, batch)

    assert (entry.asked, entry.delivered) == ("16:9", "1024 × 1024")
    assert entry.differences == ("asked 16:9, got 1:1",)


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A red kite over terraced hills", "comparison-2026-11-22-a-red-kite-over.html"),
        ("Été à la plage", "comparison-2026-11-22-ete-a-la-plage.html"),
        ("../../etc/passwd\r\nX: y", "comparison-2026-11-22-etc-passwd-x-y.html"),
        ("שלום \u202e", "comparison-2026-11-22.html"),
        ("x" * 500, f"comparison-2026-11-22-{'x' * 49}.html"),
    ],
)
def test_the_file_is_named_after_its_day_and_prompt(prompt: str, name: str) -> None:
    assert report_name(Comparison("b", ANN, 1_795_305_600.0, {"prompt": prompt})) == name


async def test_more_pictures_are_smaller_ones(playground: Playground) -> None:
    """Thirteen of a full megapixel would make a file that nobody can send."""
    batch = await compared(playground, "cogview-4")
    many = replace(batch, cards=batch.cards * 13)
    pictures = [Image.open(io.BytesIO(decoded(tag["src"]))) for tag in (await read(playground, many)).all("img")]

    assert {max(picture.size) for picture in pictures} == {768}
