"""States, prices, units and the spend line in words."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from components.catalog.models import Catalog
from components.jobs.budgets import Caps, start_of_day
from components.jobs.job import Job, JobState
from components.playground import Playground, Visit
from components.playground.spending import read_spending
from components.views import account, words
from tests.jobs.conftest import make_job
from tests.views.conftest import MakePlayground

KEY = "sk-visitor-of-these-tests"
VISITOR = "spender-of-these-tests"


@pytest.mark.parametrize(
    ("changes", "sentence", "short"),
    [
        ({"state": JobState.QUEUED}, "10 credits · $0.10 by the price list", "10 credits · $0.10"),
        ({"state": JobState.DONE}, "10 credits · $0.10 by the price list; the service reported no charge",
         "10 credits · $0.10"),
        ({"state": JobState.DONE, "charged": 10.0}, "10 credits · $0.10 charged", "10 credits · $0.10"),
        ({"state": JobState.DONE, "charged": 12.0}, "12 credits · $0.12 charged; 10 credits by the price list",
         "12 credits · $0.12, listed at 10 credits"),
        ({"state": JobState.DONE, "charged": 0.0}, "0 credits · $0.00 charged; 10 credits by the price list",
         "0 credits · $0.00, listed at 10 credits"),
        ({"state": JobState.DONE, "payer": "sandbox", "charged": 10.0},
         "10 credits · $0.10 at the service; this drawing was free", "free"),
        ({"state": JobState.FAILED, "payer": "sandbox", "task_id": "n1"}, "not charged", "free"),
        ({"state": JobState.FAILED}, "not charged", "not charged"),
        ({"state": JobState.STOPPED}, "not charged", "not charged"),
        ({"state": JobState.FAILED, "task_id": "n1"},
         "up to 10 credits · $0.10 by the price list; whether it was charged is not known", "up to 10 credits · $0.10"),
        ({"state": JobState.UNCERTAIN}, "up to 10 credits · $0.10 by the price list; whether it was charged is not known",
         "up to 10 credits · $0.10"),
        ({"state": JobState.DONE, "credits": math.inf, "usd": math.inf}, "price not known", "price not known"),
    ],
)  # fmt: skip
def test_a_price_says_how_it_is_known(changes: dict[str, Any], sentence: str, short: str, catalog: Catalog) -> None:
    """The price list's figure is never passed off as the charge."""
    price = words.price_of(catalog, make_job(**changes))

    assert (price.sentence, price.short) == (sentence, short)


def test_a_state_in_a_word_or_two() -> None:
    for changes, word, tone in (
        ({}, "Waiting", "run"),
        ({"state": JobState.SAVING}, "Saving", "run"),
        ({"state": JobState.OVERDUE}, "Still running", "warn"),
        ({"state": JobState.OVERDUE, "pending_urls": ("x",)}, "Not saved yet", "warn"),
        ({"state": JobState.NEEDS_KEY}, "Needs its key", "warn"),
        ({"state": JobState.DONE}, "Done", "good"),
        ({"state": JobState.FAILED}, "Failed", "bad"),
        ({"state": JobState.UNCERTAIN}, "Unsure", "warn"),
    ):
        job = make_job(**changes)
        assert (words.state_word(job), words.tone(job)) == (word, tone)


def test_units_as_people_write_them(catalog: Catalog) -> None:
    assert [words.seconds_text(seconds) for seconds in (4.24, 150)] == ["4.2 s", "2.5 min"]
    assert [words.typical_text(seconds) for seconds in ((3, 10), (0.5, 2), None)] == ["3–10 s", "0.5–2 s", "time not stated"]
    assert [words.counted(number, "picture") for number in (0, 1, 12, 13)] == [
        "No pictures", "One picture", "Twelve pictures", "13 pictures",
    ]  # fmt: skip
    assert words.shorten("a\n\n b " + "x" * 99, 10) == "a b xxxxx…"
    assert words.tagline(catalog) == "Eleven image models, one API"


# -- whose money is spent --


def spent(**changes: Any) -> Job:
    """A job of 10 credits that was done now, on the host's key."""
    now = time.time()
    times = {"created_at": now, "sent_at": now, "finished_at": now}
    return make_job(**{"visitor": VISITOR, "state": JobState.DONE, "task_id": "n42", **times, **changes})


async def spend_line(playground: Playground, visit: Visit) -> str:
    return account.spend_line(await read_spending(playground, visit), playground.catalog)


async def pill(playground: Playground, visit: Visit) -> tuple[str, str]:
    return account.pill(await read_spending(playground, visit))


async def test_the_host_key_shows_today_and_its_caps(playground: MakePlayground) -> None:
    """Another visitor's jobs count today but not as yours; an uncertain job is reserved; yesterday is over."""
    capped, visit = playground(caps=Caps(100, 40, 30)), Visit(VISITOR)
    assert await spend_line(capped, visit) == (
        "Today: 0 of 100 credits · you: 0 of 40 credits · at most 30 per request; resets at midnight UTC."
    )
    yesterday = start_of_day(time.time()) - 60
    for job in (
        spent(),
        spent(visitor="another-visitor-0123"),
        spent(state=JobState.UNCERTAIN, task_id=None, credits=5.0),
        spent(payer="visitor"),
        spent(payer="sandbox"),
        spent(created_at=yesterday, sent_at=yesterday, finished_at=yesterday),
        spent(state=JobState.FAILED, task_id=None),
    ):
        await capped.jobs.store.add(job)
    assert await spend_line(capped, visit) == (
        "Today: 25 of 100 credits, 5 of them reserved · you: 15 of 40 credits · at most 30 per request; "
        "resets at midnight UTC."
    )
    assert await pill(capped, visit) == ("host", "Host key · 75 of 100 credits left today")
    assert await spend_line(playground(caps=Caps(job=12)), Visit("other-visitor-0123")) == (
        "Today: 25 credits, 5 of them reserved · you: 0 credits · at most 12 per request."
    )
    assert await pill(playground(), visit) == ("host", "Host key · 25 credits used today")


async def test_a_key_of_ones_own_is_counted_from_when_the_page_was_opened(playground: MakePlayground) -> None:
    """Only what that key paid, in credits and dollars; the service's own number where it reports one."""
    hosted, visit = playground(caps=Caps(100)), Visit(VISITOR, KEY, since=time.time() - 60)
    for job in (
        spent(payer="visitor", charged=12.0),
        spent(payer="visitor", state=JobState.RUNNING, finished_at=None),
        spent(payer="visitor", created_at=visit.since - 5, sent_at=visit.since - 5),
        spent(payer="host"),
        spent(payer="visitor", visitor="another-visitor-0123"),
    ):
        await hosted.jobs.store.add(job)
    assert await spend_line(hosted, visit) == (
        "Your key: 22 credits ($0.22) since you opened this page, 10 of them reserved. No cap here."
    )
    assert await pill(hosted, visit) == ("visitor", "Your key · checking · 22 credits this visit")


async def test_the_sandbox_spends_nothing(playground: MakePlayground) -> None:
    drawn = playground(host_key=None, caps=Caps(100))
    await drawn.jobs.store.add(spent(payer="sandbox"))
    assert await spend_line(drawn, Visit(VISITOR)) == ""
    assert await pill(drawn, Visit(VISITOR)) == ("sandbox", "Sandbox · drawings, free")


def test_a_key_is_in_no_text_of_a_visit(playground: MakePlayground) -> None:
    """Visits and accounts go through handlers, logs and errors."""
    here, visit = playground(host_key="sk-canary-2"), Visit().with_key(" sk-canary-1 ")

    assert visit.key == "sk-canary-1"
    assert "sk-canary" not in f"{visit!r}{here!r}{here.account(visit)!r}{here.account(Visit())!r}"
