"""The application in a process of its own, and pages that fail their test when anything goes wrong in them."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from components.catalog.models import Catalog, Model
from components.sandbox import create_sandbox
from tests.browser import chromium
from tests.conftest import ROOT, serve
from tests.starting import start

SPEED = 40
TIMEOUT_S = 60
LOCAL_HOSTS = ("127.0.0.1", "localhost", "")
LISTENING = re.compile(r"The playground is at (http://\S+)")
SUBMITTED = re.compile(r'"job": "(\S+)", .*"state": "submitting"')
OpenPage = Callable[..., Page]
# What Gradio writes when a page is left while its event stream is open.
IGNORED_CONSOLE_ERRORS = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
# Waits until changes are drawn and CSS transitions have ended.
TRANSITIONS_ENDED = """async () => {
  for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
  const moving = document.getAnimations().filter((one) => one instanceof CSSTransition);
  await Promise.allSettled(moving.map((one) => one.finished));
}"""

# What each tab shows when it is ready.
READY = {
    "Generate": "#result img",
    "Compare": "#mapping .plan summary",
    "Models & prices": "#models-table tbody tr >> nth=10",
    "Evaluate": "#evaluate-prompts textarea",
    "History": "#history-text",
    "Integrate": ".contract",
}

expect.set_options(timeout=1000 * TIMEOUT_S)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Playwright leaves an event loop in the main thread, which no ``asyncio`` test after it would survive."""
    items.sort(key=lambda item: "tests/browser/" in item.nodeid)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if any(chromium.MISSING in str(report.longrepr) for report in skipped):
        terminalreporter.section(chromium.MISSING, sep="!")


@dataclass(frozen=True)
class Playground:
    """A running application: its address, what it wrote to its log, its data folder, and the id of its process."""

    address: str
    log_file: Path
    data: Path
    pid: int

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    @property
    def jobs(self) -> list[str]:
        """The ids of all jobs that it has sent, in order: each is logged right before its POST."""
        return list(dict.fromkeys(SUBMITTED.findall(self.log)))


@contextmanager
def playground(folder: Path, **settings: str) -> Iterator[Playground]:
    """The application with these settings and nothing else of this machine's, not even a ``.env`` beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".env").touch()
    log_file, data = folder / "log.txt", folder / "data"
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    environment |= {
        "HOME": str(folder),
        "GRADIO_SERVER_PORT": "0",
        "PLAYGROUND_CATALOG": str(ROOT / "catalog.yaml"),
        "PLAYGROUND_DATA": str(data),
        "PLAYGROUND_SANDBOX_SPEED": str(SPEED),
        "PYTHONDONTWRITEBYTECODE": "1",
        **settings,
    }
    log_file.write_text("")
    process = start(folder, environment, log_file)
    try:
        yield Playground(_address(process, log_file), log_file, data, process.pid)
    finally:
        process.terminate()
        process.join(20)
        if process.exitcode not in (0, -15):
            raise AssertionError(f"It ended with {process.exitcode}:\n{log_file.read_text(encoding='utf-8')[-3000:]}")


def _address(process: ForkServerProcess, log_file: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.is_alive():
        if listening := LISTENING.search(log_file.read_text(encoding="utf-8")):
            with suppress(httpx2.HTTPError):
                if httpx2.get(f"{listening[1]}/healthz", trust_env=False).is_success:
                    return listening[1]
        time.sleep(0.05)
    raise AssertionError(f"The application did not start:\n{log_file.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        (pytest.fail if chromium.strict() else pytest.skip)(chromium.MISSING)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=chromium.arguments())
        yield started
        started.close()


@pytest.fixture(scope="session")
def app(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """The application as it ships, without a key: the sandbox pays."""
    with playground(tmp_path_factory.mktemp("app")) as running:
        yield running


class Upstream:
    """A sandbox that stands in for the service, in a thread of the tests. ``requests`` are (method, path, authorization).

    It refuses a prompt with ``#echo``, giving the prompt as the reason, and every key that begins with ``wrong``.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.address = ""
        self._sandbox = create_sandbox(catalog, SPEED)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._sandbox(scope, receive, send)
            return
        sent = dict(scope["headers"]).get(b"authorization", b"").decode()
        self.requests.append((scope["method"], scope["path"], sent))
        if sent.startswith("Bearer wrong"):
            await send({"type": "http.response.start", "status": 401, "headers": [(b"content-type", b"application/json")]})
            await send({"type": "http.response.body", "body": b'{"error": {"code": 401, "message": "Invalid API key"}}'})
            return
        message = await receive()
        if b"#echo" in message.get("body", b""):
            reason = json.dumps({"error": {"message": json.loads(message["body"])["prompt"]}}).encode()
            await send({"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"application/json")]})
            await send({"type": "http.response.body", "body": reason})
            return
        waiting = [message]

        async def replay() -> Any:
            return waiting.pop() if waiting else await receive()

        await self._sandbox(scope, replay, send)


@pytest.fixture(scope="module")
def upstream(catalog: Catalog) -> Iterator[Upstream]:
    service = Upstream(catalog)
    with serve(service) as address:
        service.address = address
        yield service


@pytest.fixture(scope="module")
def app_at_service(browser: Browser, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """An application without a key whose service is the upstream of these tests."""
    with playground(tmp_path_factory.mktemp("keyed"), API_IN_ONE_BASE_URL=upstream.address) as running:
        yield running


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Opens an address as a new visitor. The test fails on a script error, a dialog, any request that leaves this machine,
    and a console error, unless it is about ``refused``, an address whose refusals are part of the test."""
    failures: list[str] = []
    refusals: list[str] = []
    contexts = []

    def sent(outgoing: Request) -> None:
        parts = urlsplit(outgoing.url)
        if parts.scheme not in ("data", "blob") and parts.hostname not in LOCAL_HOSTS:
            failures.append(f"a request left this machine: {outgoing.url[:200]}")

    def on_console(line: ConsoleMessage) -> None:
        ignored = line.text.startswith(IGNORED_CONSOLE_ERRORS) or line.location["url"] in refusals
        if line.type == "error" and not ignored:
            failures.append(f"console: {line.text} {line.location['url'][:200]}")

    def open_new(address: str, *, ready: bool = True, refused: str = "", **options: Any) -> Page:
        if refused:
            refusals.append(refused)
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options})
        contexts.append(context)
        context.on("request", sent)
        context.on("weberror", lambda error: failures.append(f"script error: {error.error}"))
        context.on("console", on_console)
        page = context.new_page()
        page.on("websocket", lambda socket: failures.append(f"a socket: {socket.url}"))
        page.on("dialog", lambda dialog: (failures.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(address)
        return wait_for_opening(page) if ready else page

    yield open_new
    for context in contexts:
        context.close()
    assert not failures, failures


def wait_for_opening(page: Page) -> Page:
    """Wait until the page has received its first answer; before, nobody can type or click."""
    expect(page.locator("html.opened")).to_be_attached()
    expect(page.locator("#generate-button")).to_contain_text("credit")
    expect(page.locator(".pill")).not_to_be_empty()
    return page


def each_viewport(page: Page) -> Iterator[tuple[int, str]]:
    """Show the open page on a phone and on a desktop, light and dark, one after the other; yields width and theme.

    A page whose address names no theme follows the system's, also while it is open.
    """
    for theme, width in product(("light", "dark"), (390, 1280)):
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 844 if width == 390 else 900})
        expect(page.locator("body.dark"), theme).to_have_count(int(theme == "dark"))
        page.evaluate(TRANSITIONS_ENDED)
        yield width, theme


def open_tab(page: Page, name: str, context: str = "") -> None:
    """Open a tab by its label, and wait until it is ready."""
    tab = page.get_by_role("tab", name=name)
    if tab.is_visible():
        tab.click()
    else:  # on a phone the last ones are in a menu
        page.get_by_role("button", name="More tabs").click()
        page.locator(".overflow-dropdown").get_by_role("button", name=name).click()
    expect(tab, context).to_have_attribute("aria-selected", "true")
    expect(page.locator(READY[name]).first, f"{name}, {context}").to_be_visible()
    page.evaluate(TRANSITIONS_ENDED)


def expect_no_sideways_scroll(page: Page, look: str) -> None:
    """Expect that nothing is wider than the window."""
    for part in ("html", "body"):
        expect(page.locator(part), f"{look}: it scrolls sideways").to_have_js_property("scrollWidth", _width(page))


def _width(page: Page) -> int:
    return (page.viewport_size or {"width": 0})["width"]


def wait_until(page: Page, read: Callable[[], Any], wanted: Any) -> None:
    """Wait until ``read()`` equals ``wanted``, for what Playwright cannot wait for."""
    deadline = time.monotonic() + TIMEOUT_S
    while (seen := read()) != wanted and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert seen == wanted


def pick_model(page: Page, model: Model) -> None:
    """Choose a model in the picker and wait until form, card and address are about it."""
    page.locator("#chosen-model [data-picker]").click()
    page.locator(f'#picker-one [data-value="{model.id}"]').click()
    if model.prompts:
        expect(page.locator("#examples")).to_contain_text(model.prompts[0].title)
    expect(page).to_have_url(re.compile(rf"[?&]model={re.escape(model.id)}(&|$)"))


def field(page: Page, name: str) -> Locator:
    """The control of a parameter, named as the API names it."""
    return page.locator(f'#parameters [id^="field-{name}-"]')


def choose(page: Page, name: str, value: str) -> None:
    """Choose a value of a parameter: a segment, a button of an open list, or what is typed there."""
    control = field(page, name)
    expect(control.first).to_be_attached()
    if control.locator("input[type=radio]").count():
        control.locator(f'label:has(input[value="{value}"])').click()
        return
    offered = page.locator(f'.open-choice:has([id^="field-{name}-"])')
    if offered.locator(f'[data-fill="{value}"]').count():
        offered.locator(f'[data-fill="{value}"]').click()
        return
    if not control.is_visible():
        offered.locator("[data-type-value]").click()
    control.locator("textarea, input").fill(value)


def address_box(page: Page, name: str) -> Locator:
    """The text area for web addresses of an image field; opens it where it is hidden."""
    box = field(page, name).locator("textarea")
    expect(box).to_be_attached()
    if not box.is_visible():
        page.locator(f'.image-field:has([id^="field-{name}-"]) [data-addresses]').click()
    return box


def fill_prompt(page: Page, prompt: str) -> None:
    page.locator("#prompt textarea").fill(prompt)


def button(page: Page) -> Locator:
    return page.locator("#generate-button")


def state_label(page: Page) -> Locator:
    """The label of the job's state."""
    return page.locator("#result .state-label")


def snippet_text(page: Page) -> str:
    """The text of the snippet."""
    return page.locator("#code pre").inner_text()


def request_body(page: Page) -> dict[str, Any]:
    """The JSON in the cURL command; empty while the snippet is rendered again."""
    match = re.search(r" -d '(\{.*\})'\s+curl ", snippet_text(page), re.DOTALL)
    return dict(json.loads(match[1].replace("'\\''", "'"))) if match else {}


def expect_refusal(page: Page, texts: str) -> None:
    """Press Generate and expect a message with these words at a field."""
    button(page).click()
    expect(page.locator("#request-column .wrong .info-text").filter(has_text=texts)).to_be_visible()


def generate(page: Page, outcome: str = "Done") -> None:
    """Press Generate and wait until the next result is in this state."""
    page.evaluate("document.querySelector('#result .result').dataset.seen = 'before'")
    button(page).click()
    expect(page.locator("#result [data-seen]")).to_have_count(0)
    expect(state_label(page)).to_have_text(outcome)
