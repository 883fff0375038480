"""The public endpoints as a script sees them, by the ordinary client: names, answers, and how they refuse."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx2
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from jsonschema import Draft202012Validator

from components.catalog.models import Catalog
from components.catalog.prices import price, price_list, tiers
from components.catalog.requests import build_request
from components.snippets import LANGUAGES, write_snippet
from tests.recorder import Recorder
from tests.ui import AppProcess, api_client

FIELDS = [
    "id", "name", "provider", "inputs", "runtime", "webhook", "node", "credits", "credits_from", "credits_to",
    "usd_from", "usd_to", "seconds", "parameters",
]  # fmt: skip
ANSWER = ["job_id", "state", "task_id", "images", "credits", "usd", "credits_estimated", "seconds", "message"]
UNCAPPED = {"fits": True, "credits_left": None}
ARGUMENTS = {
    "/models": [],
    "/estimate": ["model", "parameters"],
    "/snippet": ["model", "parameters", "language"],
    "/generate": ["model", "parameters"],
    "/job": ["job_id"],
    "/attach": ["job_id", "task_id"],
    "/compare": ["models", "shared", "samples"],
    "/history": ["query"],
    "/evaluate": ["prompts", "models", "budget", "shared", "repeats", "idempotency_key"],
    "/evaluation": ["evaluation_id"],
}
WRONG: list[tuple[Any, Any, list[str]]] = [
    ("dall-e-9", {"prompt": "a fox"}, ["model", "flux-2", "recraft-v4"]),
    ("", {"prompt": "a fox"}, ["model", "flux-2"]),
    (None, {"prompt": "a fox"}, ["model"]),
    ("flux-2", {"prompt": "a fox", "size": "1:1"}, ["size", "aspect_ratio", "resolution"]),
    ("flux-2", {"prompt": "a fox", "model": "flux-1"}, ["model", "resolution"]),
    ("flux-2", {"prompt": "a fox", "resolution": "4K"}, ["resolution", "1K, 2K"]),
    ("flux-2", {"prompt": "a fox", "resolution": 2}, ["resolution"]),
    ("flux-2", {"prompt": "a fox", "input_urls": "https://a.example/b.png"}, ["input_urls", "list"]),
    ("flux-2", {"prompt": "a fox", "input_urls": ["file:///etc/passwd"]}, ["input_urls", "https://"]),
    ("flux-2", {"prompt": "a fox", "input_urls": ["https://a.example/b.png"] * 9}, ["input_urls", "8"]),
    ("flux-2", {"prompt": "x" * 5001}, ["prompt", "5,000"]),
    ("flux-2", {"prompt": 7}, ["prompt", "text"]),
    ("kling-image-o1", {"prompt": "a fox", "num_images": 10}, ["num_images", "1 to 9"]),
    ("kling-image-o1", {"prompt": "a fox", "num_images": 1.5}, ["num_images", "whole number"]),
    ("kling-image-o1", {"prompt": "a fox", "num_images": True}, ["num_images"]),
    ("hunyuan-image-3", {"prompt": "a fox", "type": "edit"}, ["images", "type is edit"]),
    ("seedream-4-5", {"prompt": "a fox", "model": "seedream/4.5-edit"}, ["image_urls", "seedream/4.5-edit"]),
    ("gpt-image-1.5-official", {"prompt": "a fox", "quality": None}, ["quality"]),
    ("gpt-image-1.5-official", ["a fox"], ["parameters", "object"]),
    ("gpt-image-1.5-official", "a fox", ["parameters", "object"]),
    ("gpt-image-1.5-official", None, ["parameters", "object"]),
]  # fmt: skip
PROMPTLESS = [{}, {"prompt": ""}, {"prompt": " \n\t"}, {"prompt": None}]


def refused(client: Client, *given: Any, api_name: str) -> str:
    with pytest.raises(AppError) as refusal:
        client.predict(*given, api_name=api_name)
    reply = str(refusal.value)
    assert "Traceback" not in reply
    assert len(reply) < 600
    return reply


def test_exactly_these_endpoints_are_public_with_these_arguments(app: AppProcess, api_caller: Client) -> None:
    """By name and in order; the page's own events are in neither list."""
    shown = api_caller.view_api(return_format="dict", print_info=False)

    assert shown["unnamed_endpoints"] == {}
    listed = shown["named_endpoints"]
    assert {name: [item["parameter_name"] for item in one["parameters"]] for name, one in listed.items()} == ARGUMENTS
    language = listed["/snippet"]["parameters"][-1]
    assert (language["parameter_has_default"], language["parameter_default"]) == (True, "curl")
    reply = app.get("/gradio_api/info").json()
    assert (set(reply["named_endpoints"]), reply["unnamed_endpoints"]) == (set(ARGUMENTS), {})


def test_the_machine_readable_description_names_nothing_else(app: AppProcess) -> None:
    """The OpenAPI page that Gradio offers beside it holds the same."""
    answer = app.get("/gradio_api/openapi.json")

    if answer.status_code == 200:
        names = {path.rsplit("/", 1)[-1] for path in answer.json()["paths"] if "/call/" in path or "/run/" in path}
        assert names <= {name.strip("/") for name in ARGUMENTS} | {"{event_id}"}


def test_the_models_are_listed_by_base_credits_with_all_fields(api_caller: Client, catalog: Catalog) -> None:
    """Eleven, each with exactly these fields, in the order of the price list."""
    listed = api_caller.predict(api_name="/models")

    assert [list(one) for one in listed] == [FIELDS] * 11
    assert [one["id"] for one in listed] == [row.model.id for row in price_list(catalog)]
    assert [one["credits"] for one in listed] == sorted(one["credits"] for one in listed)
    assert [one["credits"] for one in listed] == [4, 5, 5, 6, 8, 8, 10, 10, 12, 12, 25]
    for one in listed:
        model = catalog.find(one["id"])
        assert model is not None
        assert (one["name"], one["provider"], one["node"], one["webhook"]) == (
            model.name,
            model.provider,
            model.node,
            model.webhook,
        )
        assert (one["inputs"], one["seconds"]) == (list(model.inputs), list(model.seconds or ()))
        assert one["credits_from"] <= one["credits"] <= one["credits_to"]
        assert (one["usd_from"], one["usd_to"]) == (catalog.usd(one["credits_from"]), catalog.usd(one["credits_to"]))


def test_the_parameters_are_a_schema_that_a_stranger_can_check_a_request_with(api_caller: Client, catalog: Catalog) -> None:
    """It is valid, every example passes it, and a value outside it does not."""
    for one in api_caller.predict(api_name="/models"):
        Draft202012Validator.check_schema(one["parameters"])
        check = Draft202012Validator(one["parameters"])
        model = catalog.find(one["id"])
        assert model is not None
        assert check.is_valid(dict(model.example))
        assert not check.is_valid({})


def test_an_estimate_is_the_price_of_each_tier(api_caller: Client, catalog: Catalog) -> None:
    """With and without a prompt, by id and by alias."""
    for model in catalog.models:
        for tier in tiers(model):
            reply = api_caller.predict(model.id, dict(tier.settings), api_name="/estimate")
            assert reply == {"credits": tier.credits, "usd": catalog.usd(tier.credits), **UNCAPPED}
    given = {"prompt": "a fox", "model": "imagen4-ultra", "num_images": 3}
    cost = price(catalog, build_request(catalog, "imagen-4", given))
    assert api_caller.predict("imagen-4", given, api_name="/estimate") == {
        "credits": cost.credits,
        "usd": cost.usd,
        **UNCAPPED,
    }
    assert api_caller.predict("gpt-image-1-5", {"quality": "high"}, api_name="/estimate") == {
        "credits": 28,
        "usd": 0.28,
        **UNCAPPED,
    }


@pytest.mark.parametrize("given", PROMPTLESS[:3])
def test_an_estimate_needs_no_prompt(given: dict[str, Any], api_caller: Client) -> None:
    """The price does not depend on it."""
    assert api_caller.predict("flux-2", given, api_name="/estimate") == {"credits": 5, "usd": 0.05, **UNCAPPED}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_snippet_is_the_program_for_the_sandbox_as_the_caller_reaches_it(
    language: str, app: AppProcess, api_caller: Client, catalog: Catalog
) -> None:
    """The same text that the page shows, curl when no language is named."""
    given = {"prompt": 'it\'s a "fox"\nand `more`', "resolution": "2K"}
    expected = write_snippet(build_request(catalog, "flux-2", given), f"{app.url}/sandbox", catalog.endpoint, language)

    assert api_caller.predict("flux-2", given, language, api_name="/snippet") == expected
    if language == "curl":
        assert api_caller.predict("flux-2", given, api_name="/snippet") == expected


def test_a_snippet_in_another_language_is_refused(api_caller: Client) -> None:
    """With those that there are."""
    reply = refused(api_caller, "flux-2", {"prompt": "a fox"}, "cobol", api_name="/snippet")

    assert all(word in reply for word in ("language", "cobol", *LANGUAGES))


def test_wrong_input_is_refused_by_name_and_nothing_is_sent(
    app_with_host_key: AppProcess, cleared_upstream: Recorder
) -> None:
    """The error names the field and what is allowed; the service hears nothing of it."""
    with api_client(app_with_host_key) as client:
        for api_name, rows in (("/generate", WRONG), ("/estimate", WRONG[::6]), ("/snippet", WRONG[::6])):
            for model, parameters, words in rows:
                reply = refused(client, model, parameters, api_name=api_name)
                assert [word for word in words if word not in reply] == [], (api_name, model, parameters, reply)
        for api_name, rows in (("/generate", PROMPTLESS), ("/snippet", PROMPTLESS[:1])):
            for parameters in rows:
                assert "prompt" in refused(client, "flux-2", parameters, api_name=api_name)

    assert cleared_upstream.requests == []


def test_estimates_snippets_and_lists_make_no_request(app_with_host_key: AppProcess, cleared_upstream: Recorder) -> None:
    """They are free of charge and of waiting."""
    with api_client(app_with_host_key) as client:
        client.predict(api_name="/models")
        client.predict("flux-2", {"prompt": "a fox"}, api_name="/estimate")
        client.predict("flux-2", {"prompt": "a fox"}, api_name="/snippet")

    assert cleared_upstream.requests == []


def test_every_models_example_can_be_generated(app: AppProcess, api_caller: Client, catalog: Catalog) -> None:
    """The answer has exactly these fields, and its pictures can be fetched from where the caller called."""
    calls = [(model, api_caller.submit(model.id, dict(model.example), api_name="/generate")) for model in catalog.models]

    for model, job in calls:
        reply = job.result(timeout=60)
        assert list(reply) == ANSWER
        assert (reply["state"], reply["message"], bool(reply["task_id"])) == ("done", "", True)
        cost = price(catalog, build_request(catalog, model.id, model.example))
        assert (reply["credits"], reply["usd"]) == (cost.credits, cost.usd)
        assert 0 < reply["seconds"] < 60
        for address in reply["images"]:
            assert address.startswith(f"{app.url}/pictures/")
            picture = httpx2.get(address, trust_env=False, verify=False)
            assert (picture.status_code, picture.headers["content-type"].split("/")[0]) == (200, "image")
        json.dumps(reply)


def test_all_pictures_of_a_job_are_returned(api_caller: Client) -> None:
    """In their order, each with an address of its own."""
    reply = api_caller.predict("kling-image-o1", {"prompt": "a fox", "num_images": 4}, api_name="/generate")

    assert len(set(reply["images"])) == 4
    vector = {"prompt": "a fox", "model": "recraft-v4-text-to-vector"}
    assert api_caller.predict("recraft-v4", vector, api_name="/generate")["images"][0].endswith(".svg")


def test_an_evaluation_starts_once_stays_within_its_budget_and_reports_progress_costs_and_boards(app: AppProcess) -> None:
    """The budget pays for the first of two prompts on both models."""
    given = (["A koi pond", {"prompt": "A kite", "category": "sky"}], ["flux-2", "cogview-4"], 9, {}, 1, "this test")
    with api_client(app, **{"X-Playground-Visitor": "evaluator-0123456789"}) as caller:
        first, again = (caller.predict(*given, api_name="/evaluate") for _ in range(2))
        deadline = time.monotonic() + 60
        while (shown := caller.predict(first["evaluation_id"], api_name="/evaluation"))["state"] == "running":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        for wrong, named in (([], "prompts"), ([{"text": "A kite"}], "prompts"), (["A kite"] * 2_001, "prompts")):
            assert named in refused(caller, wrong, *given[1:5], "", api_name="/evaluate")
    with api_client(app) as other:
        assert "no such evaluation" in refused(other, first["evaluation_id"], api_name="/evaluation")

    assert again["evaluation_id"] == first["evaluation_id"]
    assert (shown["state"], shown["jobs"]["done"], shown["jobs"]["waiting"], shown["jobs"]["total"]) == ("paused", 2, 2, 4)
    assert "budget of 9 credits" in shown["message"]
    assert (shown["budget"], shown["credits"], shown["votes"]) == (9, 9, 0)
    assert shown["sentence"].startswith("Not enough votes: 0")
    assert [(row["column"], row["credits"], row["done"]) for row in shown["rows"]] == [("flux-2", 5, 1), ("cogview-4", 4, 1)]
    assert shown["boards"] == {"preference": {name: shown[name] for name in ("sentence", "basis", "rows")}}
