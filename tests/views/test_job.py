"""A job as HTML: each state in words, and no text of a prompt or a reply taken for a tag."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.api.schedule import Timing
from components.catalog.models import Catalog
from components.errors import OutOfCredits, Problem, StillRunning
from components.jobs.job import Job, JobState
from components.views.actions import checkable, share_link, show_actions
from components.views.job import job_facts, show_earlier, show_example, show_job, show_others, show_problem
from components.views.words import STATE_WORDS, expected_text, state_word
from tests.jobs.conftest import NOON, make_job
from tests.views.html import HOSTILE, PICTURE, Page, parse_inert, without_signature

TIMING = Timing.from_range((3, 10))


def gpt(**changes: Any) -> Job:
    """A job of GPT Image 1.5 for a fox, on a visitor's key."""
    return make_job(**{"model": "gpt-image-1.5-official", "prompt": "a fox", "payer": "visitor", **changes})


def shown(catalog: Catalog, **changes: Any) -> Page:
    return parse_inert(show_job(catalog, gpt(**changes), TIMING))


@pytest.mark.parametrize("state", JobState)
def test_every_state_has_a_word_and_no_text_becomes_a_tag(state: JobState, catalog: Catalog) -> None:
    """Prompt, note, task id and the service's reply come from strangers."""
    problem = Problem("service", HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    changes = {"prompt": HOSTILE, "task_id": HOSTILE, "status_note": HOSTILE, "problem": problem, "pending_urls": (HOSTILE,)}
    page = shown(catalog, state=state, pictures=(PICTURE,), **changes)

    assert ("Not saved yet" if state is JobState.OVERDUE else STATE_WORDS[state]) in page.text
    assert page.texts.count(HOSTILE) >= 4
    assert HOSTILE in page.values("data-copy")


def test_a_picture_is_shown_from_this_server_and_described(catalog: Catalog) -> None:
    """Alternative text, size, and downloads; never the address at the service."""
    html = show_job(
        catalog, gpt(state=JobState.DONE, task_id="n42abc", pictures=(PICTURE,), finished_at=NOON + 4.2, id="j1"), TIMING
    )

    assert f'src="pictures/{PICTURE.name}" alt="a fox (GPT Image 1.5)" width="1024" height="1024"' in html
    assert 'href="files/j1/1"' in without_signature(html)
    assert 'href="files/j1/1&amp;recipe=0"' in without_signature(html)
    assert 'data-copy="n42abc"' in html
    assert "cdn.example" not in html


def test_a_vector_has_no_download_without_settings(catalog: Catalog) -> None:
    """There are none in an SVG."""
    page = shown(catalog, state=JobState.DONE, pictures=(replace(PICTURE, name="b.svg", format="svg"),))

    assert not [link for link in page.values("href") if "recipe=0" in link]


def test_the_facts_are_sizes_price_and_seconds(catalog: Catalog) -> None:
    done = gpt(state=JobState.DONE, task_id="n1", finished_at=NOON + 4.2, charged=10.0, pictures=(PICTURE,))
    vector = replace(PICTURE, width=0, height=0, format="svg")

    assert job_facts(catalog, done) == ["1024 × 1024 PNG", "10 credits · $0.10 charged", "4.2 s"]
    assert job_facts(catalog, replace(done, pictures=(PICTURE, vector)))[0] == "2 pictures, 1024 × 1024 PNG, SVG"
    assert job_facts(catalog, gpt()) == ["10 credits · $0.10 by the price list"]
    assert job_facts(catalog, gpt(state=JobState.FAILED)) == []


def test_an_active_job_shows_its_progress(catalog: Catalog) -> None:
    """As many skeletons as requested pictures, at most nine, and the usual time."""
    for count, skeletons in ((3, 3), (50, 9)):
        page = shown(catalog, state=JobState.RUNNING, task_id="n1", count=count)
        assert page.values("class").count("frame skeleton") == skeletons
        assert page.values("aria-valuenow") == ["95"]
        assert "typically 3–10 s, longer than usual" in page.text
    assert expected_text(TIMING, 0.0) == "typically 3–10 s, about 5 s left"


def test_an_overdue_job_is_called_still_running(catalog: Catalog) -> None:
    """It has not failed: its task id is there to check again with."""
    problem = StillRunning("Still running at the service after 10 minutes, task n1.", task_id="n1").problem
    page = shown(catalog, state=JobState.OVERDUE, task_id="n1", problem=problem)

    assert page.values("data-state") == ["Still running"]
    assert "It may still finish and be charged. Check again." in page.text
    assert "frame skeleton" not in page.values("class")
    assert state_word(gpt(state=JobState.OVERDUE, pending_urls=("x",))) == "Not saved yet"


def test_checking_again_is_offered_where_it_could_bring_pictures() -> None:
    for job, offered in (
        (gpt(state=JobState.OVERDUE, task_id="n1"), True),
        (gpt(state=JobState.RUNNING, task_id="n1"), False),
        (gpt(state=JobState.STOPPED), False),
        (gpt(state=JobState.STOPPED, task_id="n1"), True),
        (gpt(state=JobState.FAILED, pending_urls=("x",)), True),
        (gpt(state=JobState.NEEDS_KEY, task_id="n1"), False),  # its visitor has to enter the key
        (gpt(state=JobState.NEEDS_KEY, task_id="n1", payer="host"), True),
        (gpt(state=JobState.UNCERTAIN), False),
        (gpt(state=JobState.UNCERTAIN, callback_task_id="n1"), True),
        (gpt(state=JobState.DONE, task_id="n1"), False),
    ):
        assert checkable(job) == offered, job


def test_an_error_without_a_job_says_what_happened(catalog: Catalog) -> None:
    """With a link to the billing page for an empty account, and to nowhere else."""
    page = parse_inert(show_problem(catalog, OutOfCredits("No credits.", reply="<b>").problem))
    assert page.values("href") == ["https://apiin.one/billing/credits"]
    for code, word in (("input", "Not sent"), ("database", "Not reachable"), ("job", "Not found")):
        page = parse_inert(show_problem(catalog, Problem(code, "prompt: is empty.", "", "Nothing was charged.")))
        assert page.values("data-state") == [word]
        assert page.values("href") == []


def test_a_model_has_an_example_and_a_form_that_asks_for_something_else_an_empty_place(catalog: Catalog) -> None:
    """Labelled as the sandbox's drawing. What was made from other settings would be no picture of the form."""
    for model in catalog.models:
        page = parse_inert(show_example(catalog, model, model.example))
        assert page.values("src") == [f"sandbox/examples/{model.id}"]
        assert f"sandbox drawing, not by {model.name}" in page.text
        other = parse_inert(show_example(catalog, model, {**model.example, "prompt": "a boat"}))
        assert (other.values("src"), other.values("data-state")) == ([], ["Empty"])
    bare = catalog.first.model_copy(update={"example": {}, "name": "<b>"})
    assert "<b>" in parse_inert(show_example(catalog, bare, {})).text


def test_other_jobs_and_earlier_pictures_are_listed(catalog: Catalog) -> None:
    """The job in the panel is not among them, and no more than twelve pictures are. A click opens one here."""
    jobs = [gpt(id=f"j{number}", state=JobState.DONE, pictures=(PICTURE,) * 5, prompt=HOSTILE) for number in range(4)]

    assert parse_inert(show_others(catalog, jobs)).values("data-job-id") == ["j0", "j1", "j2", "j3"]
    earlier = parse_inert(show_earlier(catalog, jobs, "j0"))
    assert earlier.values("src") == [f"pictures/{PICTURE.name}/small"] * 12
    assert (earlier.values("data-action")[0], earlier.values("data-job-id")[1], earlier.values("href")) == ("open", "j1", [])
    assert show_others(catalog, []) == show_earlier(catalog, jobs[:1], "j0") == ""


def test_a_result_offers_what_can_be_done_with_it(catalog: Catalog) -> None:
    """Only a model that enlarges its own pictures offers that, and no vector can be an input image."""
    done = {"state": JobState.DONE, "task_id": "n1", "pictures": (PICTURE,)}
    always = ["compare", "again", "star"]
    for changes, offered in (
        ({**done}, ["input", *always]),
        ({**done, "pictures": (PICTURE, PICTURE)}, ["input", "input", *always]),
        ({**done, "pictures": (replace(PICTURE, format="svg"),)}, always),
        ({**done, "model": "grok-imagine"}, ["input", "upscale", *always]),
        ({"state": JobState.RUNNING, "task_id": "n1"}, ["compare", "star"]),
        ({"state": JobState.UNCERTAIN}, ["resend", "dismiss", "attach", *always]),
        ({"state": JobState.OVERDUE, "task_id": "n1"}, ["check", *always]),
    ):
        assert parse_inert(show_actions(catalog, gpt(**changes))).values("data-action") == ["open", *offered], changes
    assert "open" not in parse_inert(show_actions(catalog, gpt(**done), opens=False)).values("data-action")
    assert parse_inert(show_actions(catalog, gpt(**done), starred=True)).values("aria-pressed") == ["true"]


def test_a_link_to_share_fills_the_form_without_uploads(catalog: Catalog) -> None:
    upload = f"https://here.example/uploads/{'a' * 65}.png"
    body = {"model": "gpt-image-1.5-official", "prompt": "a fox", "quality": "high", "input_urls": [upload]}

    assert share_link(catalog, gpt(body=body)) == "?model=gpt-image-1.5-official&prompt=a+fox&quality=high"
    assert share_link(catalog, gpt(model="gone", body={"model": "gone"})) == ""
