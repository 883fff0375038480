"""Visitors with a history: create jobs for a visitor, and open the page in that visitor's browser."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

from gradio_client import Client
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import create_engine, insert, select

from components.jobs.store.schema import history, job_pictures, jobs
from components.playground.visits import COOKIE
from tests.browser.conftest import OpenPage, Playground, wait_until

RequestArguments = tuple[str, dict[str, Any]]
SAMPLE_REQUESTS: Sequence[RequestArguments] = (
    ("flux-2", {"prompt": "A red kite over dunes", "resolution": "2K"}),
    ("cogview-4", {"prompt": "A blue boat on a lake"}),
    ("flux-2", {"prompt": "A boat that never was #sandbox:failed"}),
    ("kling-image-o1", {"prompt": "A green door", "num_images": 3}),
)

# For ``add_init_script``: keeps every address that the page writes.
RECORD_ADDRESSES = """
window.addresses = [];
for (const name of ["replaceState", "pushState"]) {
  const write = history[name].bind(history);
  history[name] = (state, title, address) => { window.addresses.push(address); write(state, title, address); };
}
"""


def create_jobs(app: Playground, secret: str, requests: Sequence[RequestArguments], *, at_once: bool = False) -> None:
    """Run these requests for the visitor with this secret, one after the other unless ``at_once``."""
    client = Client(app.address, headers={"X-Playground-Visitor": secret}, verbose=False, analytics_enabled=False)
    try:
        submitted = []
        for model, parameters in requests:
            submitted.append(client.submit(model, parameters, api_name="/generate"))
            if not at_once:
                submitted[-1].result()
        for job in submitted:
            job.result()
    finally:
        client.close()


def copy_jobs(app: Playground, copies: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Store another job like each of these, given by its id, with these other values. Nothing is sent or drawn for it."""
    engine = create_engine(f"sqlite:///{app.data / 'playground.db'}")
    with engine.begin() as connection:
        for at, (job_id, changes) in enumerate(copies):
            for table, key in ((jobs, "id"), (job_pictures, "job_id"), (history, "job_id")):
                changed = {key: f"{job_id}-{at}"} | (changes | {"idempotency_key": None} if table is jobs else {})
                for row in connection.execute(select(table).where(table.c[key] == job_id)).mappings().all():
                    connection.execute(insert(table).values({**row, **changed}))
    engine.dispose()


def visitor_secret(page: Page) -> str:
    """The visitor's secret in the browser of this page."""
    (secret,) = (one["value"] for one in page.context.cookies() if one["name"] == COOKIE)
    return secret


def open_as(secret: str, open_page: OpenPage, address: str, **options: Any) -> Page:
    """Open the page in a browser whose cookie holds this secret."""
    page = open_page("about:blank", ready=False, **options)
    page.context.add_cookies([{"name": COOKIE, "value": secret, "url": address}])
    page.goto(address)
    return page


@contextmanager
def delayed_opening(page: Page) -> Iterator[None]:
    """Delay the answer to the page's first event until the end of the block."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if '"trigger_id":0,' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/run/predict*", hold)
    yield
    wait_until(page, lambda: len(held), 1)
    for route in held:
        route.continue_()
    page.unroute("**/run/predict*")
    expect(page.locator(".pill")).not_to_be_empty()


def written_queries(page: Page) -> list[dict[str, list[str]]]:
    """The different queries that the page has written into its address, for a page with RECORD_ADDRESSES."""
    return [parse_qs(one.removeprefix("?")) for one in dict.fromkeys(page.evaluate("window.addresses"))]


def open_history(page: Page, entries: int) -> None:
    page.get_by_role("tab", name="History").click()
    expect(page.locator(".entry")).to_have_count(entries)


def count(page: Page) -> Locator:
    return page.locator("#history-count p")


def wait_until_deleted(page: Page, *addresses: str, left: int = 0) -> None:
    """Wait until at most ``left`` of these addresses still answer: a deletion takes effect when it can no longer be undone."""
    deadline = time.monotonic() + 40
    while (remaining := sum(page.request.get(address).ok for address in addresses)) > left and time.monotonic() < deadline:
        page.wait_for_timeout(500)
    assert remaining == left
