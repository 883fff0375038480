"""The endpoint ``/compare`` and what its tab shows: mapping, price, cards, address; whatever is typed."""

from __future__ import annotations

from html import unescape
from typing import Any
from urllib.parse import parse_qs

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from components.catalog.models import Catalog
from components.comparisons.comparison import Card, Comparison
from components.comparisons.plan import Choice, plan
from components.comparisons.service import NEVER_SENT
from components.playground import Playground
from components.ui.compare.form import button_text, show_plan
from components.views.compare_query import (
    ComparisonDraft,
    read_choice,
    read_compare_query,
    write_choice,
    write_compare_query,
)
from components.views.comparison import ORDERS, show_cards
from components.views.models import choice_options
from tests.ui import App, calling
from tests.ui.test_result import job, playground

__all__ = ["job", "playground"]  # fixtures of this file too

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "${alert(1)} {{7*7}} `x`",
    "مرحبا שלום",
    "x" * 10_000,
)
NOBODY = ComparisonDraft((), {})


def compared(client: Client, models: Any, shared: Any, **more: Any) -> dict[str, Any]:
    return dict(client.predict(models, shared, api_name="/compare", **more))


def test_every_model_answers_for_itself(caller: Client) -> None:
    """One form, each model's own fields; a model that cannot says why and costs nothing; one that fails stays alone."""
    models = [
        "cogview-4", {"model": "flux-2", "parameters": {"resolution": "2K"}}, "recraft-v4",
        {"model": "grok-imagine", "parameters": {"prompt": "a fox #sandbox:failed"}},
    ]  # fmt: skip
    told = compared(caller, models, {"prompt": "a fox", "shape": "16:9", "seed": 7})
    jobs = told["jobs"]

    assert [one["model"] for one in jobs] == ["cogview-4", "flux-2", "recraft-v4", "grok-imagine"]
    assert [one["state"] for one in jobs] == ["done", "done", "done", "failed"]
    assert told["credits"] == sum(one["credits"] for one in jobs)
    assert [len(one["images"]) for one in jobs] == [1, 1, 1, 0]
    assert len({one["task_id"] for one in jobs}) == 4
    assert any("16:9 →" in note for note in jobs[0]["mapping"])
    assert "The model crashed" in jobs[3]["message"]

    edited = compared(caller, ["cogview-4", "flux-2"], {"prompt": "a fox", "images": "https://a.example/b.png"})
    assert [(one["state"], one["credits"]) for one in edited["jobs"]] == [("refused", 0), ("done", 5)]
    assert "text only" in edited["jobs"][0]["message"]


def test_samples_are_jobs_of_their_own_with_seeds_of_their_own(caller: Client) -> None:
    told = compared(caller, ["grok-imagine", "recraft-v4"], {"prompt": "a fox", "seed": 5}, samples=3)

    assert len({one["job_id"] for one in told["jobs"]}) == 6
    assert {one["state"] for one in told["jobs"]} == {"done"}


def test_a_comparison_is_in_the_history_of_its_visitor_only(app: App) -> None:
    with calling(app, **{"X-Playground-Visitor": "comparer-0123456789"}) as mine, calling(app) as other:
        told = compared(mine, ["cogview-4", "flux-2"], {"prompt": "a heron"})
        ids = {one["job_id"] for one in told["jobs"]}
        assert {one["job_id"] for one in mine.predict({"text": "heron"}, api_name="/history")["jobs"]} == ids
        assert other.predict({"text": "heron"}, api_name="/history")["total"] == 0


@pytest.mark.parametrize(
    ("models", "shared", "samples", "words"),
    [
        ([], {"prompt": "a"}, 1, ["models", "list"]),
        ("flux-2", {"prompt": "a"}, 1, ["models", "list"]),
        (["dall-e"], {"prompt": "a"}, 1, ["model", "flux-2"]),
        ([{"model": "flux-2", "settings": {}}], {"prompt": "a"}, 1, ["models", "parameters"]),
        (["flux-2"], {"prompt": "a", "size": "1:1"}, 1, ["size", "shape"]),
        (["flux-2"], {"prompt": "a fox", "count": 0}, 1, ["count"]),
        (["imagen-4"], {"prompt": "a fox", "count": 11}, 1, ["count", "10"]),
        (["flux-2"], {"prompt": "a fox", "seed": "x"}, 1, ["seed"]),
        (["flux-2"], ["a"], 1, ["shared"]),
        (["flux-2"], {"prompt": "a fox"}, 11, ["samples", "10"]),
        (["flux-2"] * 7, {"prompt": "a fox"}, 10, ["70", "60"]),
        (["flux-2"], {"prompt": ""}, 1, ["none of them can make this picture"]),
        (["cogview-4"], {"prompt": "a", "images": ["https://a.example/b.png"]}, 1, ["none of them can make this picture"]),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    caller: Client, models: Any, shared: Any, samples: int, words: list[str]
) -> None:
    with pytest.raises(AppError) as refusal:
        compared(caller, models, shared, samples=samples)
    assert [word for word in words if word not in str(refusal.value)] == []


def test_every_choice_of_the_picker_is_read_as_it_was_written(catalog: Catalog) -> None:
    texts = [text for _, text in choice_options(catalog)]

    assert len(set(texts)) == len(texts) > len(catalog.models)
    for text in texts:
        choice = read_choice(catalog, text)
        assert write_choice(choice) == text
        (planned,) = plan(catalog, [choice], {"prompt": "a red kite"}).cards
        assert planned.request or planned.card.refused == "Skipped: needs an image."


def test_the_button_says_the_sum_of_the_prices_that_stand_beside_each_model(catalog: Catalog) -> None:
    drafted = plan(catalog, [Choice("cogview-4"), Choice("flux-2", {"resolution": "2K"})], {"prompt": "a fox"}, 2)

    assert button_text(drafted) == "Compare · 4 requests · 22 credits · $0.22"
    assert "2 × 4 = 8 credits · $0.08" in show_plan(catalog, drafted)
    assert "2 × 7 = 14 credits · $0.14" in show_plan(catalog, drafted)
    assert button_text(plan(catalog, [], {"prompt": "a fox"})) == "Compare"


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
def test_an_address_brings_back_the_form_that_made_it(catalog: Catalog, text: str) -> None:
    shared = {"prompt": text, "shape": "16:9", "seed": 7, "images": ["https://a.example/b.png"], "quality": "best"}
    asked = ComparisonDraft(("flux-2?type=flex&resolution=2K", "cogview-4"), shared, 3)

    assert read_compare_query(catalog, _query(write_compare_query(asked)), NOBODY) == asked


def test_what_an_address_may_not_say_is_left_out(catalog: Catalog) -> None:
    query = {"models": ["dall-e", "flux-2,cogview-4"], "seed": ["-1"], "shape": ["<b>"], "quality": ["x"], "samples": ["99"]}

    assert read_compare_query(catalog, query, NOBODY) == ComparisonDraft(("flux-2", "cogview-4"), {}, 1)
    assert read_compare_query(catalog, {"tab": ["compare"]}, NOBODY) is NOBODY
    assert len(write_compare_query(ComparisonDraft(("flux-2",), {"prompt": "語" * 20_000}))) < 12_100


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12])
async def test_whatever_was_typed_is_shown_and_never_run(playground: Playground, text: str, order: str) -> None:
    cards = (Card("flux-2", {"prompt": text}, refused=text, notes=(text,)), Card(text, {text: text}, 2))
    html = show_cards(playground, Comparison("b", "ann", 0.0, {"prompt": text}, cards), {}, order)

    assert "<script>" not in html
    assert "<img src=x" not in html
    assert ("x" * 10_000 in html) == (text == HOSTILE[4])


async def test_a_card_without_a_job_says_whether_it_was_deleted_or_never_sent(playground: Playground) -> None:
    cards = (Card("flux-2", job="gone"), Card("imagen-4", job="never", refused=NEVER_SENT))
    html = show_cards(playground, Comparison("b", "ann", 0.0, {"prompt": "a kite"}, cards), {}, ORDERS[0])
    deleted, never = html.split("<li")[1:3]

    assert "Deleted" in deleted
    assert "You deleted this request." in deleted
    assert "Not sent" in never
    assert NEVER_SENT in unescape(never)


def _query(address: str) -> dict[str, list[str]]:
    return parse_qs(address.removeprefix("?"))
