"""The report of a comparison: one file with prices and their source, without anything about the visitor."""

from __future__ import annotations

import base64
import io
import math
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from components.catalog.models import Catalog
from components.comparisons.comparison import Card, Comparison
from components.comparisons.plan import Choice
from components.errors import Problem
from components.jobs.job import Job, JobState
from components.playground import Playground
from components.views.report import price_order, report_cards, report_name, summary, write_published, write_report
from tests.jobs.conftest import NOON, make_job
from tests.jobs.scripted_upstream import png
from tests.ui.finished_comparison import ANN, KEY, run_comparison
from tests.ui.page_session import open_playground
from tests.views.html import HOSTILE, PICTURE, ReportPage

PROMPTS = (
    HOSTILE,
    "</style></title></blockquote><script>alert(1)</script>",
    "\"double\" 'single' \\ ${alert(1)} {{7*7}} {% raw %} & &amp; <!-- -->",
    "\u05e9\u05dc\u05d5\u05dd \u202eevil\u202c \u0645\u0631\u062d\u0628\u0627 \U0001f98a e\u0301",
    "one\n\n  two\tthree",
    "".join(f"{number}\u00e4<b>" for number in range(2_000))[:10_000],
)
NOTE = "only-for-the-eyes-of-ann"
SVG = "recraft-v4-text-to-vector"
Made = tuple[Comparison, dict[str, Job]]


def made(*cards: tuple[Card, Job | None], prompt: str = "a red kite", **shared: Any) -> Made:
    """A comparison with its jobs by id."""
    numbered = [(replace(card, job=job.id if job else card.job), job) for card, job in cards]
    jobs = {job.id: job for _, job in numbered if job}
    return Comparison("c1", ANN, NOON, {"prompt": prompt, **shared}, tuple(card for card, _ in numbered)), jobs


def card(model: str = "cogview-4", settings: dict[str, Any] | None = None, **changes: Any) -> tuple[Card, Job]:
    """A card whose job is done with one picture for 4 credits."""
    done = {"state": JobState.DONE, "task_id": "n1", "credits": 4.0, "usd": 0.04, "finished_at": NOON + 5.0}
    job = make_job(**{"model": model, "pictures": (PICTURE,), "payer": "visitor", **done, **changes})
    return Card(model, settings or {}), job


def published(catalog: Catalog, comparison: Comparison, jobs: dict[str, Job]) -> ReportPage:
    return ReportPage(write_published(catalog, comparison, jobs, "token", "https://a.example/play"))


# -- what it says --


def test_a_card_says_what_was_asked_and_what_it_cost(catalog: Catalog) -> None:
    comparison, jobs = made(
        card("flux-2", {"type": "flex"}, shape="16:9", charged=7.0, body={"prompt": "a red kite", "seed": 42, "x": True}),
        card("flux-2", {"type": "flex"}, count=2),
        shape="3:2", quality="standard", seed=42,
    )  # fmt: skip
    comparison = replace(comparison, cards=(comparison.cards[0], replace(comparison.cards[1], sample=2)))
    text = published(catalog, comparison, jobs).text
    for expected in (
        "Two pictures by one model, $0.04 to $0.07 per request, 5.0 s.",
        "a red kite Shape 3:2 Seed 42 Open",
        "Flux 2 Done Black Forest Labs · flex · sample 1 7 credits · $0.07 · 5.0 s Charged; 4 credits by the price list.",
        "1024 × 1024 PNG, 5 kB asked 16:9, got 1:1 seed 42 x true",
        "flex · sample 2 4 credits · $0.04 · 5.0 s By the price list; the service reported no charge.",
        "Flux 2 flex · sample 2 4 $0.04 5.0 2 × 1:1 1024 × 1024 PNG",
        "Flux 2 flex · sample 1 7 $0.07 5.0 16:9 1024 × 1024 PNG",
        "Total 11 $0.11 How",
    ):
        assert expected in text


def test_prices_that_may_not_have_been_charged_are_summed_apart(catalog: Catalog) -> None:
    crash = Problem("failed", "The model crashed.", "", "")
    comparison, jobs = made(
        card(),
        card(state=JobState.FAILED, pictures=(), problem=crash),
        card(state=JobState.UNCERTAIN, pictures=(), task_id=None),
        card(state=JobState.FAILED, pictures=(), task_id=None),
        card(credits=math.inf, usd=math.inf),
        (Card("flux-2", refused="Skipped: text only."), None),
    )

    text = published(catalog, comparison, jobs).text
    assert "Total 4 $0.04 and up to 8 credits · $0.08 more, which may have been charged" in text
    assert "≤ 4 ≤ $0.04" in text
    nothing = published(catalog, *made((Card("flux-2", refused="Skipped."), None))).text
    assert "No picture was made." in nothing
    assert "Total – – How" in nothing


def test_rows_are_sorted_by_price_and_what_has_no_picture_comes_last(catalog: Catalog) -> None:
    cards = made(
        (Card("ideogram-v4", refused="Skipped."), None),
        card("imagen-4", state=JobState.FAILED, pictures=()),
        card("flux-2", credits=24.0),
        card("cogview-4"),
        card("recraft-v4", credits=math.inf),
    )

    names = [one.name for one in sorted(report_cards(catalog, *cards), key=price_order)]
    assert names == ["CogView 4", "Flux 2", "Recraft V4", "Imagen 4", "Ideogram V4"]


def test_drawings_are_told_from_pictures_of_models(catalog: Catalog) -> None:
    drawing = card(payer="sandbox")
    for cards, drawings in (((card(),), ""), ((drawing,), "all"), ((card(), drawing), "some")):
        comparison, jobs = made(*cards)
        page = published(catalog, comparison, jobs)
        assert page.text.count("this drawing was free") == (1 if drawings else 0)
        assert page.text.count("sandbox drawing, not model output") == (drawings == "some"), "once for all where all are"
        assert ("These pictures are sandbox drawings" in page.text) == (drawings == "all")
        assert ("Pictures marked as such are sandbox drawings" in page.text) == (drawings == "some")
    assert summary(report_cards(catalog, *made(drawing))).startswith("One drawing standing in for one model")


def test_a_page_is_dated_with_its_day_and_a_comparison_over_several_days_with_both(catalog: Catalog) -> None:
    for finished_at, days in ((NOON + 5, r"\d{1,2} \w+ \d{4}"), (NOON + 86_400, r"\d{1,2} \w+ \d{4} to \d{1,2} \w+ \d{4}")):
        text = published(catalog, *made(card(finished_at=finished_at))).text
        assert re.search(rf"Made on {days}\. Each card", text)


def test_a_published_page_leads_back_to_nobody(catalog: Catalog) -> None:
    """No address of an input picture, no task, no hour, no words of the service; links stay below its prefix."""
    private = "https://a.example/ann.png"
    problem = Problem("failed", "secret reply", "", "")
    comparison, jobs = made(
        card("flux-2", {"input_urls": [private]}, body={"input_urls": [private, private], "url": private}, task_id="n77"),
        card(state=JobState.FAILED, pictures=(), problem=problem),
        card(state=JobState.NEEDS_KEY, pictures=()),
        images=[private],
    )
    comparison = replace(comparison, cards=(replace(comparison.cards[0], notes=(f"took {private}", "one picture", "no seed")),
                                            *comparison.cards[1:]))  # fmt: skip
    page = published(catalog, comparison, jobs)

    for secret in (private, "n77", "secret reply", "12:00", ANN, "c1", "Needs its key", PICTURE.name):
        assert secret not in page.text
        assert not [value for _, attributes in page.tags for value in attributes.values() if secret in value], secret
    for text in ("Not finished", "one picture", "2 pictures, not shown here", "1 picture, not shown here"):
        assert text in page.text
    assert [tag["src"] for tag in page.all("img")] == ["token/1/1"]
    assert page.meta("og:url") == "https://a.example/play/c/token"
    assert page.meta("og:image") == "https://a.example/play/c/token/preview.png"
    (link,) = [tag["href"] for tag in page.all("a") if tag.get("class") == "button"]
    assert link.startswith("../?tab=compare&models=flux-2")


def test_a_hostile_prompt_is_text_and_whole(catalog: Catalog) -> None:
    """In the heading, the title and the alternative texts."""
    for prompt in PROMPTS:
        page = published(catalog, *made(card(body={"negative": prompt}), prompt=prompt, negative=prompt))

        page.assert_inert()
        assert prompt in page.texts
        assert page.all("html") == [{"lang": "en", "prefix": "og: https://ogp.me/ns#"}]
        assert len(page.all("title")) == 1
        assert {tag["dir"] for name, tag in page.tags if tag.get("class") == "prompt"} == {"auto"}


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


# -- the file, with pictures --


@pytest.fixture
async def playground(catalog: Catalog, sandbox: str, tmp_path: Path) -> AsyncIterator[Playground]:
    async with open_playground(catalog, tmp_path, sandbox) as playground:
        yield playground


async def read(playground: Playground, comparison: Comparison) -> ReportPage:
    return ReportPage((await write_report(playground, comparison, await playground.comparisons.jobs(comparison))).decode())


def decoded(address: str) -> bytes:
    assert re.match(r"data:image/(jpeg|webp|svg\+xml);base64,", address)
    return base64.b64decode(address.partition(",")[2], validate=True)


def sides(page: ReportPage) -> list[int]:
    """The longer side of each picture in a file."""
    return [max(Image.open(io.BytesIO(decoded(tag["src"]))).size) for tag in page.all("img")]


async def test_the_file_needs_nothing_else_and_names_nobody(playground: Playground) -> None:
    """Every picture, setting and price is inside; its policy forbids what it does not ask for anyway."""
    flex = Choice("flux-2", {"type": "flex", "resolution": "2K"})
    comparison = await run_comparison(playground, "cogview-4", flex, "imagen-4", count=2, shape="3:2", seed=42)
    for one in comparison.cards:
        await playground.jobs.note(one.job, ANN, NOTE)
    comparison = await playground.comparisons.publish(comparison.id, ANN)
    jobs = await playground.comparisons.jobs(comparison)
    file = await write_report(playground, comparison, jobs)
    page = ReportPage(file.decode())

    page.assert_inert()
    fonts = re.findall(r'url\("(data:font/woff2;base64,[^"]+)"\)', file.decode())
    assert (len(fonts), sum(map(len, fonts)) < 60_000) == (2, True)
    assert max(sides(page)) <= 1024
    assert all(tag["href"].startswith("#card-") for tag in page.all("a"))
    (policy,) = [tag["content"] for tag in page.all("meta") if tag.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "font-src data:" in policy
    assert not [word for word in ("script", "http") if word in policy]
    for text in ("3:2", "42", "3:2 → size 1248*832 (not listed by the service)", "CogView 4", "Google", "PNG"):
        assert text in page.text
    for job in jobs.values():
        assert f"{job.credits:g} credits · ${job.usd:.2f}" in page.text
        assert str(job.task_id) in page.text
    credits = sum(job.credits for job in jobs.values())
    assert f"Total {credits:g} ${credits / 100:.2f}" in page.text
    assert page.text.count("https://apiin.one/api/v1/images/generations") > len(jobs)
    names = [picture.name for job in jobs.values() for picture in job.pictures]
    secrets = [ANN, KEY, comparison.id, str(comparison.token), NOTE, *names, *(one.job for one in comparison.cards)]
    assert [secret for secret in secrets if secret.encode() in file] == []
    assert b"API_IN_ONE_KEY" in file


async def test_a_picture_that_is_gone_and_a_model_that_is_gone_say_so(playground: Playground, catalog: Catalog) -> None:
    """An old comparison outlives its pictures and the catalog."""
    comparison = await run_comparison(playground, "cogview-4", "flux-2")
    jobs = await playground.comparisons.jobs(comparison)
    await playground.jobs.pictures.remove(jobs[comparison.cards[0].job].pictures[0].name)
    smaller = catalog.model_copy(update={"models": tuple(model for model in catalog.models if model.id != "cogview-4")})
    later = replace(playground, catalog=Catalog.model_validate(smaller.model_dump(by_alias=True, exclude_unset=True)))

    refused = Card("flux-2", refused="Skipped: needs an image.")
    page = await read(later, replace(comparison, cards=(*comparison.cards, refused)))
    assert "Skipped: needs an image." in page.text
    assert re.search(r"\d\d:\d\d UTC", page.text)
    assert len(page.all("img")) == 1
    assert "This picture is no longer stored." in page.text
    assert len(page.all("pre")) == 1
    assert "cogview-4" in page.text


async def test_a_vector_stays_a_picture_and_never_becomes_markup(playground: Playground) -> None:
    """Whatever a script inside it wants."""
    comparison = await run_comparison(playground, Choice("recraft-v4", {"model": SVG}))
    (job,) = (await playground.comparisons.jobs(comparison)).values()
    scripted = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"><script>alert(1)</script></svg>'
    address = "data:;base64," + base64.b64encode(scripted).decode()
    stored = await playground.jobs.pictures.keep(address, playground.accounts.sandbox.base_url)

    assert decoded((await read(playground, comparison)).all("img")[0]["src"]).lstrip().startswith(b"<svg")
    hostile = ReportPage((await write_report(playground, comparison, {job.id: replace(job, pictures=(stored,))})).decode())
    hostile.assert_inert()
    assert decoded(hostile.all("img")[0]["src"]) == scripted


async def test_more_pictures_are_smaller_ones(playground: Playground) -> None:
    """Thirteen pictures of a megapixel would make the file too large to send."""
    comparison = await run_comparison(playground, "cogview-4")
    address = "data:;base64," + base64.b64encode(png(1024, 1024)).decode()
    kept = await playground.jobs.pictures.keep(address, playground.accounts.sandbox.base_url)
    jobs = {name: replace(job, pictures=(kept,)) for name, job in (await playground.comparisons.jobs(comparison)).items()}

    report = await write_report(playground, replace(comparison, cards=comparison.cards * 13), jobs)

    assert set(sides(ReportPage(report.decode()))) == {768}
