"""The endpoint ``/compare``: every model answers for itself, and what makes no sense is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.ui import AppProcess, api_client


def compared(client: Client, models: Any, shared: Any, **more: Any) -> dict[str, Any]:
    return dict(client.predict(models, shared, api_name="/compare", **more))


def test_every_model_answers_for_itself(api_caller: Client) -> None:
    """One form, each model's own fields; a model that cannot says why and costs nothing; one that fails stays alone."""
    models = [
        "cogview-4", {"model": "flux-2", "parameters": {"resolution": "2K"}}, "recraft-v4",
        {"model": "grok-imagine", "parameters": {"prompt": "a fox #sandbox:failed"}},
    ]  # fmt: skip
    reply = compared(api_caller, models, {"prompt": "a fox", "shape": "16:9", "seed": 7})
    jobs = reply["jobs"]

    assert [one["model"] for one in jobs] == ["cogview-4", "flux-2", "recraft-v4", "grok-imagine"]
    assert [one["state"] for one in jobs] == ["done", "done", "done", "failed"]
    assert reply["credits"] == sum(one["credits"] for one in jobs)
    assert [len(one["images"]) for one in jobs] == [1, 1, 1, 0]
    assert len({one["task_id"] for one in jobs}) == 4
    assert any("16:9 →" in note for note in jobs[0]["mapping"])
    assert "The model crashed" in jobs[3]["message"]

    edited = compared(api_caller, ["cogview-4", "flux-2"], {"prompt": "a fox", "images": "https://a.example/b.png"})
    assert [(one["state"], one["credits"]) for one in edited["jobs"]] == [("refused", 0), ("done", 5)]
    assert "text only" in edited["jobs"][0]["message"]


def test_samples_are_jobs_of_their_own_with_seeds_of_their_own(api_caller: Client) -> None:
    reply = compared(api_caller, ["grok-imagine", "recraft-v4"], {"prompt": "a fox", "seed": 5}, samples=3)

    assert len({one["job_id"] for one in reply["jobs"]}) == 6
    assert {one["state"] for one in reply["jobs"]} == {"done"}


def test_a_comparison_is_in_the_history_of_its_visitor_only(app: AppProcess) -> None:
    with api_client(app, **{"X-Playground-Visitor": "comparer-0123456789"}) as own, api_client(app) as other:
        reply = compared(own, ["cogview-4", "flux-2"], {"prompt": "a heron"})
        ids = {one["job_id"] for one in reply["jobs"]}
        assert {one["job_id"] for one in own.predict({"text": "heron"}, api_name="/history")["jobs"]} == ids
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
    api_caller: Client, models: Any, shared: Any, samples: int, words: list[str]
) -> None:
    with pytest.raises(AppError) as refusal:
        compared(api_caller, models, shared, samples=samples)
    assert [word for word in words if word not in str(refusal.value)] == []
