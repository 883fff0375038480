"""The plan and the cards of a comparison as HTML."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from components.api.schedule import Timing
from components.catalog.models import Catalog
from components.comparisons.comparison import Card, Comparison
from components.comparisons.plan import Choice, ComparisonPlan, fit_to_budget, plan_comparison, total_cost
from components.errors import Problem
from components.jobs.budgets import Budget, Caps
from components.jobs.job import HistoryEntry, Job, JobState
from components.views.comparison import (
    ORDERS,
    button_text,
    card_name,
    fit_text,
    retry_text,
    show_cards,
    show_links,
    show_plan,
    show_public,
)
from tests.jobs.conftest import NOON, make_job
from tests.views.html import HOSTILE, PICTURE, Page, parse_inert, without_signature


def timing(job: Job) -> Timing:
    return Timing.from_range((3, 10))


def comparison(*cards: Card, prompt: str = "a kite", **shared: object) -> Comparison:
    return Comparison("c1", "ann", 0.0, {"prompt": prompt, **shared}, cards)


def cards_of(catalog: Catalog, compared: Comparison, *jobs: Job, order: str = ORDERS[0]) -> tuple[Page, list[str]]:
    """The cards as a page, and the HTML of each card."""
    html = show_cards(catalog, compared, {job.id: HistoryEntry(job) for job in jobs}, timing, order)
    return parse_inert(html), html.split('<li class="card"')[1:]


def test_the_plan_shows_each_price_and_the_button_their_sum(catalog: Catalog) -> None:
    choices = [Choice("cogview-4"), Choice("flux-2", {"resolution": "2K"}), Choice("recraft-v4", {"model": "no-such"})]
    two, all_of_them = (
        plan_comparison(catalog, choices[:2], {"prompt": "a fox"}, 2),
        plan_comparison(catalog, choices, {"prompt": HOSTILE}),
    )

    assert button_text(two) == "Compare · 4 requests · 22 credits · $0.22"
    assert "2 × 4 = 8 credits · $0.08" in show_plan(catalog, two)
    assert "2 × 7 = 14 credits · $0.14" in show_plan(catalog, two)
    assert "not sent" in parse_inert(show_plan(catalog, all_of_them)).text
    assert button_text(plan_comparison(catalog, [], {"prompt": "a fox"})) == "Compare"


@pytest.mark.parametrize(
    ("models", "caps", "text", "button"),
    [
        (["cogview-4", "flux-2"], Caps(), "", "Compare · 2 requests · 9 credits · $0.09"),
        (["cogview-4", "flux-2"], Caps(daily=62), "All 2 fit in the 62 credits left today",
         "Compare · 2 requests · 9 credits · $0.09"),
        (["cogview-4", "flux-2"], Caps(visitor=8), "1 of 2 fit in the 8 credits left today",
         "Compare · 1 of 2 requests · 4 credits · $0.04"),
        (["flux-2"], Caps(daily=5), "It fits in the 5 credits left today", "Compare · 1 request · 5 credits · $0.05"),
        (["flux-2"], Caps(daily=4), "It does not fit in the 4 credits left today", "Compare · over the spend cap"),
        (["cogview-4", "flux-2"], Caps(daily=1), "None of 2 fits in the 1 credit left today", "Compare · over the spend cap"),
        (["cogview-4", "flux-2"], Caps(job=4), "1 of 2 fit in what this page allows a request",
         "Compare · 1 of 2 requests · 4 credits · $0.04"),
    ],
)  # fmt: skip
def test_what_fits_is_known_before_the_click(
    models: list[str], caps: Caps, text: str, button: str, catalog: Catalog
) -> None:
    planned = plan_comparison(catalog, [Choice(model) for model in models], {"prompt": "a fox"})
    budget = Budget(caps)
    cards = tuple(fit_to_budget(planned.cards, budget))
    fitted = ComparisonPlan(cards, total_cost(catalog, cards), budget.left)
    shown = parse_inert(show_plan(catalog, fitted)).text

    assert (fit_text(fitted), text in shown, button_text(fitted)) == (text, True, button)
    assert ("not sent" in shown) == (fitted.unaffordable > 0)
    assert retry_text(fitted) == re.sub(r"· (.*?) requests?", r"\1 that failed", button).replace("Compare", "Retry")


def test_a_card_shows_its_job(catalog: Catalog) -> None:
    card = Card("flux-2", {"type": "flex"}, sample=2, job="j1", notes=("3:2 → 1:1",))
    done = make_job(
        id="j1", state=JobState.DONE, task_id="n1", charged=10.0, finished_at=NOON + 4, pictures=(PICTURE,), shape="3:2"
    )
    page, _ = cards_of(catalog, comparison(card, seed=7), done)

    assert page.values("data-zoom") == [f"pictures/{PICTURE.name}"]
    assert page.values("src") == [f"pictures/{PICTURE.name}/small"]
    caption = "Flux 2 · flex · sample 2 · 1024 × 1024 PNG · 10 credits · $0.10 charged · 4.0 s"
    assert page.values("data-caption") == [caption]
    for text in ("1 of 1 ended", "seed 7", "asked 3:2, got 1:1", "3:2 → 1:1", "sample 2"):
        assert text in page.text
    assert "asked 3:2 " not in page.text  # the difference says so already
    assert {"open", "compare", "again", "star"} <= set(page.values("data-action"))


def test_an_active_card_shows_its_progress_and_a_failed_one_why(catalog: Catalog) -> None:
    """A sandbox drawing is marked as one."""
    problem = Problem("failed", "The model crashed.", "Try again.", "Nothing was charged.")
    jobs = [
        make_job(id="j1", state=JobState.RUNNING, task_id="n1", count=9),
        make_job(id="j2", state=JobState.FAILED, problem=problem),
        make_job(id="j3", state=JobState.DONE, pictures=(PICTURE,), payer="sandbox"),
    ]
    page, cards = cards_of(catalog, comparison(*(Card("flux-2", job=job.id) for job in jobs)), *jobs)

    assert page.values("data-announcement") == ["2 of 3 ended, 1 failed"]
    assert [card.count("skeleton") for card in cards] == [4, 0, 0]
    assert "asked 1:1" in cards[0]
    assert "The model crashed. Nothing was charged. Try again." in page.text
    assert "sandbox drawings, not model output" in page.text


def test_a_card_shows_the_star_of_its_job(catalog: Catalog) -> None:
    entries = {
        name: HistoryEntry(make_job(id=name, state=JobState.DONE, pictures=(PICTURE,)), starred=name == "j2")
        for name in ("j1", "j2")
    }
    compared = comparison(*(Card("flux-2", job=name) for name in entries))
    page = parse_inert(show_cards(catalog, compared, entries, timing, ORDERS[0]))

    assert page.values("aria-pressed") == ["false", "true"]


def test_a_card_without_a_job_was_never_sent(catalog: Catalog) -> None:
    page, (never,) = cards_of(catalog, comparison(Card("imagen-4", refused="Skipped.")))

    assert "Not sent" in never
    assert "Skipped." in never
    assert "0 of 0 ended" in page.text


def test_no_text_becomes_a_tag_in_any_order(catalog: Catalog) -> None:
    for text in (HOSTILE, "x" * 10_000, "\u202eevil\u202c"):
        cards = (Card("flux-2", {"prompt": text}, refused=text, notes=(text,)), Card(text, {text: text}, 2, job="j1"))
        problem = Problem("failed", text, text, text)
        job = make_job(
            id="j1", model=text, prompt=text, task_id=text, status_note=text, problem=problem, pictures=(PICTURE,)
        )
        for order in ORDERS:
            page, _ = cards_of(catalog, comparison(*cards, prompt=text), job, order=order)
            assert text in page.texts


def test_cards_are_sorted_and_unknown_numbers_come_last(catalog: Catalog) -> None:
    jobs = [
        make_job(id="a", state=JobState.DONE, finished_at=NOON + 9, credits=4.0),
        make_job(id="b", state=JobState.DONE, finished_at=NOON + 2, credits=8.0),
        make_job(id="c", state=JobState.DONE, sent_at=NOON + 6, finished_at=NOON + 7, credits=1.0),
        make_job(id="d", state=JobState.RUNNING, credits=2.0),
    ]
    models = ("imagen-4", "flux-2", "cogview-4", "grok-imagine")
    cards = [Card(model, job=job.id) for model, job in zip(models, jobs, strict=True)]
    for order, expected in (
        ("as asked", "abcd"), ("finish", "bcad"), ("price", "cdab"), ("time", "cbad"), ("name", "cbda"),
    ):  # fmt: skip
        page, shown = cards_of(catalog, comparison(*cards, Card("recraft-v4", refused="no")), *jobs, order=order)
        assert "".join(page.values("data-job-id")) == expected, order
        assert "Not sent" in shown[-1]


def test_links_lead_to_the_report_the_archive_and_the_published_page() -> None:
    cards = (Card("flux-2", job="j1"), Card("flux-2", job="j2"))
    jobs = {"j1": make_job(id="j1", pictures=(PICTURE,)), "j2": make_job(id="j2")}
    compared = comparison(*cards)

    report, data = ["comparisons/c1/report.html"], ["comparisons/c1/jobs.csv", "comparisons/c1/jobs.json"]
    for made, archive in ((jobs, ["files.zip?job=j1"]), ({}, [])):
        page = parse_inert(show_links(compared, made))
        assert [without_signature(link) for link in page.values("href")] == [*report, *archive, *data]
    assert parse_inert(show_public(replace(compared, token="t"))).values("data-copy-address") == ["c/t"]
    assert show_public(compared) == ""


def test_a_card_is_named_after_model_settings_and_sample(catalog: Catalog) -> None:
    assert card_name(catalog, Card("flux-2", {"type": "flex"}, 2)) == "Flux 2 · flex · sample 2"
    assert card_name(catalog, Card("gone")) == "gone"


def test_what_is_the_same_on_all_cards_is_shown_once(catalog: Catalog) -> None:
    jobs = [
        make_job(id=name, state=JobState.DONE, pictures=(PICTURE,), payer=payer)
        for name, payer in (("j1", "host"), ("j2", "sandbox"))
    ]
    notes = (("no seed", "one picture", "16:9 → 4:3"), ("one picture",))
    cards = [Card("flux-2", job=job.id, notes=note) for job, note in zip(jobs, notes, strict=True)]
    page, shown = cards_of(catalog, comparison(*cards, seed=7), *jobs)

    assert page.text.count("one picture") == 1
    assert "seed 7 for Flux 2" in page.text, "who takes a drawn seed is said, not who takes none"
    assert "no seed" not in page.text
    assert "16:9 → 4:3" in shown[0]
    assert "sandbox drawing, not model output" in shown[1], "where other pictures are real ones"
