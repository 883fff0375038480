"""One click, one payer, one request: what a page sends is paid by whom it shows, once, with the seed that is in the form."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from tests.snippets import Recorder, Seen
from tests.ui import App
from tests.ui.conftest import HOST_KEY
from tests.ui.pages import OpenPage

OWN_KEY = "sk-of-my-own-5e6f7a8b"
FOX = "a fox #sandbox:never"


@pytest.fixture
def page(hosted: App, ledger: Recorder) -> Iterator[OpenPage]:
    """A page of somebody new, where the host pays. Nothing is on record."""
    page = OpenPage(hosted, secrets.token_urlsafe(24))
    yield page
    page.does("compare-stop", "click")
    page.does("stop-button", "click")
    page.close()


def compare(page: OpenPage, *models: str, **form: Any) -> dict[str, Any]:
    return page.does("compare-button", "click", compare_models=list(models), compare_prompt=FOX, paying="host", **form)


def posts(page: OpenPage, ledger: Recorder) -> list[Seen]:
    """What has reached the service. A click is answered before its request is."""
    page.until_sent()
    return ledger.posts


def test_what_the_page_shows_is_what_pays(page: OpenPage, ledger: Recorder) -> None:
    page.does("generate-button", "click", prompt=FOX, paying="host")

    assert [one.headers["authorization"] for one in ledger.posts] == [f"Bearer {HOST_KEY}"]


def test_a_page_whose_key_was_forgotten_says_so_and_the_host_does_not_pay(page: OpenPage, ledger: Recorder) -> None:
    """Gradio keeps the state of so many pages, and of none for ever."""
    made = page.does("generate-button", "click", prompt=FOX, paying="visitor")["place"]
    shown = page.does("compare-button", "click", compare_prompt=FOX, paying="visitor")["compare-trouble"]

    for told in (made, shown):
        words = unescape(str(told))
        assert "no longer holds the key that it shows" in words
        assert "Enter your key again." in words
    assert posts(page, ledger) == []


def test_a_key_that_gradio_has_dropped_with_the_page_is_not_replaced_by_the_hosts(page: OpenPage, ledger: Recorder) -> None:
    """So many other pages are enough; the page itself goes on showing "Your key"."""
    page.does("key", "submit", key=OWN_KEY)
    page.does("generate-button", "click", prompt=FOX, paying="visitor")
    assert [one.headers["authorization"] for one in posts(page, ledger)] == [f"Bearer {OWN_KEY}"]
    page.does("stop-button", "click")

    page.crowded_out()
    made = page.does("generate-button", "click", prompt=f"{FOX} again", paying="visitor")["place"]

    assert "no longer holds the key that it shows" in unescape(str(made))
    assert len(posts(page, ledger)) == 1


def test_two_clicks_are_paid_once_where_a_seed_is_drawn(page: OpenPage, ledger: Recorder) -> None:
    compare(page, "imagen-4")
    compare(page, "imagen-4")

    assert len(posts(page, ledger)) == 1


def test_a_seed_that_is_given_is_used_and_one_that_was_drawn_is_drawn_anew(page: OpenPage, ledger: Recorder) -> None:
    """Another form is another comparison, however soon it comes."""
    compare(page, "imagen-4", compare_seed=42)
    compare(page, "imagen-4")
    compare(page, "hunyuan-image-3")
    first, *drawn = [one.body["seed"] for one in posts(page, ledger)]

    assert first == 42
    assert len(set(drawn)) == len(drawn) == 2


def test_a_request_that_is_not_unsure_any_more_is_not_sent_again(page: OpenPage, ledger: Recorder) -> None:
    """Another page has let it go, or a callback has named its task: this one shows what became of it."""
    page.does("generate-button", "click", prompt="a fox #sandbox:broken", paying="host")
    page.until_sent()
    page.does("drop-button", "click")
    shown = page.does("again-button", "click", paying="host")

    assert "let it go" in str(shown["place"])
    assert len(posts(page, ledger)) == 1
