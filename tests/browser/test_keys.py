"""A visitor's key is used for their runs and is nowhere to be found; the host's key is on no page; a refusal is text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from components.catalog.models import Catalog
from tests.browser.conftest import (
    OpenPage,
    Playground,
    Upstream,
    button,
    choose,
    fill_prompt,
    generate,
    pick_model,
    playground,
    snippet_text,
    wait_for_opening,
)
from tests.browser.test_drop import drag, picture_with_recipe
from tests.browser.test_hostile import SCRIPTS, TEXTS, harmless
from tests.browser.test_models_table import expect_a_measured_run, expect_numbers_to_sort, expect_unmeasured_columns_that_fit
from tests.browser.test_slow_answers import EVENTS, hold

KEY = "sk-canary-7d1f09c2b4e6"
HOST_KEY = "sk-host-canary-55e0a1"
PATHS = ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/startup-events", "/monitoring")
CLOSED = ("/gradio_api/runs", "/gradio_api/deep_link")
# Everything that a page keeps: storage, cookies, address, elements with what is typed in them, Gradio's own state.
PAGE_STATE = """() => JSON.stringify({
  local: {...localStorage}, session: {...sessionStorage}, cookies: document.cookie, address: location.href,
  html: document.documentElement.outerHTML, config: window.gradio_config || null, history: history.state,
  typed: [...document.querySelectorAll('input, textarea')].map((node) => node.value),
})"""

# A late answer about a key that was forgotten meanwhile.
LATE_LINE_ABOUT_THE_KEY = """(pill) => {
  for (const late of [true, false]) {
    pill.classList.toggle("visitor", late);
    window.playground.changed();
  }
}"""


@pytest.fixture(scope="module")
def hosted(browser: Browser, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """An application with a host's key and a daily cap of 100 credits."""
    settings = {
        "API_IN_ONE_KEY": HOST_KEY, "API_IN_ONE_BASE_URL": upstream.address, "PLAYGROUND_DAILY_CREDITS": "100",
    }  # fmt: skip
    with playground(tmp_path_factory.mktemp("hosted"), **settings) as running:
        yield running


def test_a_typed_key_pays_for_this_visit_only_and_is_found_nowhere(
    open_page: OpenPage, app_at_service: Playground, upstream: Upstream
) -> None:
    page = open_page("about:blank", ready=False)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url + " " + (request.post_data or "")))
    page.goto(app_at_service.address)
    _expect_the_sandbox(page, upstream)
    _enter(page, KEY)
    expect(page.get_by_label("Your API key")).to_have_value("")
    expect(page.locator(".pill")).to_have_text("Your key · works · 0 credits this visit")
    expect(page.locator("#banner p")).to_have_count(0)
    expect(page.locator("#code")).to_contain_text(f"{upstream.address}/api/v1/")
    assert "/sandbox" not in snippet_text(page)
    _typed_key_pays(page, upstream)
    fill_prompt(page, "A brass key #sandbox:key")
    generate(page, "Failed")
    other = open_page(app_at_service.address)
    _expect_the_sandbox(other, upstream)
    assert KEY not in other.evaluate(PAGE_STATE)
    assert [entry for entry in sent if KEY in entry and "/gradio_api/run" not in entry.split(" ")[0]] == []
    assert len([entry for entry in sent if KEY in entry]) == 1, "the key left the page more than once"
    assert [entry for entry in sent if KEY in entry.split(" ")[0]] == []
    _expect_nowhere(KEY, page, app_at_service)
    expect(page.locator("#result .problem")).to_contain_text("refuses the key")
    page.get_by_role("button", name="Forget key").click()
    _expect_the_sandbox(page, upstream)
    expect(page.locator("#result .problem")).to_have_count(0)
    expect(page.get_by_role("button", name="Forget key")).not_to_be_visible()
    before = len(upstream.requests)
    fill_prompt(page, "A brass key again")
    generate(page)
    assert upstream.requests[before:] == []


def _expect_the_sandbox(page: Page, upstream: Upstream) -> None:
    expect(page.locator(".pill")).to_have_text("Sandbox · drawings, free")
    expect(page.locator("#banner")).to_contain_text("Sandbox")
    expect(page.locator("#code")).to_contain_text(f"{upstream.address}/api/v1/")


def _typed_key_pays(page: Page, upstream: Upstream) -> None:
    before = len(upstream.requests)
    fill_prompt(page, "A brass key on black velvet")
    generate(page)
    expect(page.locator("#result .result-details")).to_contain_text("10 credits · $0.10 charged")
    expect(page.locator(".pill")).to_have_text("Your key · works · 10 credits this visit")
    requests = upstream.requests[before:]
    assert [entry for entry in requests if entry[0] == "POST"] == [("POST", "/api/v1/images/generations", f"Bearer {KEY}")]
    polls = {sent for method, path, sent in requests if method == "GET" and "/tasks/" in path}
    assert polls == {f"Bearer {KEY}"}
    files = {sent for _, path, sent in requests if path.startswith("/files/")}
    assert files == {""}, "a picture was fetched with the key"


def test_the_last_key_entered_is_used_until_a_reload_and_a_bad_one_is_refused_with_a_reason(
    open_page: OpenPage, app_at_service: Playground
) -> None:
    page = open_page(app_at_service.address)
    _malformed_key_is_refused_with_a_reason(page)
    _key_that_is_entered_while_another_one_is_being_taken_is_the_one_in_use(page)
    _hostile_error_of_the_service_is_text(page)
    _dropping_a_picture_keeps_the_key_and_names_settings_that_no_longer_exist(page)
    page.reload()
    expect(page.locator("#key-lost")).to_contain_text("The reload removed your key from memory")
    expect(page.locator("#prompt textarea")).to_have_value("a cat")
    expect(page.locator("#dropped")).to_have_count(0)
    _enter(wait_for_opening(page), "wrong-0123456789")
    expect(page.locator(".pill.refused")).to_contain_text("Your key · refused")
    expect(page.locator("#banner")).to_contain_text("The service refuses this key.")
    expect(page.locator("#key-lost")).to_have_count(0)
    page.get_by_role("button", name="Forget key").click()
    page.get_by_role("button", name="Dismiss this line").click()
    expect(page.locator("#banner p")).not_to_be_visible()
    expect(page.locator(".pill")).to_have_text("Sandbox · drawings, free")
    page.locator(".pill").evaluate(LATE_LINE_ABOUT_THE_KEY)
    page.reload()
    expect(page.locator("#banner p"), "a dismissed line stays away").to_be_attached()
    expect(page.locator("#banner p"), "a dismissed line stays away").not_to_be_visible()
    expect(page.locator("#key-lost"), "a forgotten key is not missed").to_have_count(0)
    expect(page.locator(".pill")).to_have_text("Sandbox · drawings, free")
    expect(page.get_by_label("Your API key")).to_have_value("")


def _malformed_key_is_refused_with_a_reason(page: Page) -> None:
    for typed in ("two words", "schlüssel-äöü", "k" * 501):
        _enter(page, typed)
        expect(page.locator("#banner")).to_contain_text("This is not an API key")
        expect(page.get_by_label("Your API key")).to_have_value("")
        expect(page.locator(".pill")).to_have_text("Sandbox · drawings, free")
        assert typed not in page.content()


def _key_that_is_entered_while_another_one_is_being_taken_is_the_one_in_use(page: Page) -> None:
    box = page.get_by_label("Your API key")
    release = hold(page, "enter_key")
    with page.expect_request(EVENTS):  # its value is read a moment after the key press
        _enter(page, "sk-first-key-0123456789")
    box.fill("wrong-second-key-0123456789")
    release()
    expect(page.locator(".pill")).to_contain_text("works")
    expect(page.locator("#banner p")).to_have_count(0)
    expect(box).to_have_value("wrong-second-key-0123456789")
    release = hold(page, "enter_key")
    with page.expect_request(EVENTS):
        box.press("Enter")
    _enter(page, KEY)
    release(2)
    expect(box).to_have_value("")
    expect(page.locator(".pill")).to_contain_text("works")


def _hostile_error_of_the_service_is_text(page: Page) -> None:
    scripts = page.evaluate(SCRIPTS)
    for text in TEXTS[:3]:
        fill_prompt(page, f"#echo {text}")
        generate(page, "Failed")
        expect(page.locator("#result .problem-what")).to_contain_text(text)
        page.get_by_text("Raw reply of the service").click()
        raw = json.loads(page.locator("#result .raw pre").inner_text())
        assert raw["error"]["message"] == f"#echo {text}"
        harmless(page, scripts)


def _dropping_a_picture_keeps_the_key_and_names_settings_that_no_longer_exist(page: Page) -> None:
    """Also the same picture once more. The page is not reloaded."""
    for typed in ("a bird", "a dog"):
        fill_prompt(page, typed)
        drag(page, "drop", ("a.png", "image/png", picture_with_recipe(prompt="a cat", mood="merry")))
        expect(page.locator("#prompt textarea")).to_have_value("a cat")
        expect(page.locator("#banner")).to_contain_text("No longer offered, so left out: mood.")
        expect(page.locator(".pill.visitor")).to_be_visible()
    expect(page).to_have_url(re.compile("prompt=a(%20|[+])cat"))


def test_the_hosts_key_pays_within_its_cap_is_on_no_page_and_its_runs_are_measured(
    open_page: OpenPage, hosted: Playground, upstream: Upstream, catalog: Catalog
) -> None:
    """In a browser whose language the page has no translation for."""
    page = open_page(hosted.address, locale="zh-CN")
    expect(page.locator(".pill")).to_have_text("Host key · 100 of 100 credits left today")
    expect(page.locator("#banner p")).to_have_count(0)
    expect(page.get_by_label("Your API key")).to_be_in_viewport(ratio=1)
    expect(page.locator("#code")).to_contain_text(f"{upstream.address}/api/v1/")
    expect_unmeasured_columns_that_fit(page)
    page.get_by_role("tab", name="Generate").click()
    before = len(upstream.requests)
    fill_prompt(page, "A house with a lamp in the window")
    generate(page)
    expect(page.locator(".pill")).to_have_text("Host key · 90 of 100 credits left today")
    assert [sent for method, _, sent in upstream.requests[before:] if method == "POST"] == [f"Bearer {HOST_KEY}"]
    expect_a_measured_run(page, "GPT Image 1.5")
    expect_numbers_to_sort(page, "$ per 1,000")
    page.get_by_role("tab", name="Generate").click()
    pick_model(page, catalog.find("imagen-4"))
    choose(page, "num_images", "12")
    fill_prompt(page, "A house")
    expect(button(page)).to_have_text("96 credits · $0.96 · does not fit")
    before = len(upstream.requests)
    generate(page, "Failed")
    expect(page.locator("#result .problem")).to_contain_text("Nothing was charged.")
    expect(page.locator("#result .problem")).to_contain_text("Use your own key")
    assert upstream.requests[before:] == []
    _expect_nowhere(HOST_KEY, page, hosted)


def _enter(page: Page, key: str) -> None:
    box = page.get_by_label("Your API key")
    box.fill(key)
    box.press("Enter")


def _expect_nowhere(key: str, page: Page, app: Playground) -> None:
    page_state = json.loads(page.evaluate(PAGE_STATE))
    assert re.search("generate-button", page_state["html"])
    assert [store for store, value in page_state.items() if key in json.dumps(value)] == []
    assert [cookie for cookie in page.context.cookies() if key in json.dumps(cookie)] == []
    for path in PATHS:
        assert key not in page.request.get(app.address + path).text(), path
    for path in CLOSED:
        for method in ("GET", "POST"):
            answer = page.request.fetch(app.address + path, method=method)
            assert answer.status == 404, f"{method} {path}"
            assert key not in answer.text(), f"{method} {path}"
    assert key not in app.log
    files = [file for file in app.data.parent.rglob("*") if file.is_file()]
    assert [file for file in files if file.suffix == ".png"]
    assert [file for file in files if key.encode() in file.read_bytes()] == []
