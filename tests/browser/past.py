"""Visitors with a past: requests made for one of them, and the page as their own browser opens it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gradio_client import Client
from playwright.sync_api import Locator, Page, Route, expect

from components.web.visitors import COOKIE
from tests.browser.conftest import Playground, Visitor

Asked = tuple[str, dict[str, Any]]
SOME: Sequence[Asked] = (
    ("flux-2", {"prompt": "A red kite over dunes", "resolution": "2K"}),
    ("cogview-4", {"prompt": "A blue boat on a lake"}),
    ("flux-2", {"prompt": "A boat that never was #sandbox:failed"}),
    ("kling-image-o1", {"prompt": "A green door", "num_images": 3}),
)


def have_made(app: Playground, secret: str, requests: Sequence[Asked], *, at_once: bool = False) -> None:
    """Have these made for the visitor with this secret, one after the other unless ``at_once``."""
    client = Client(app.address, headers={"X-Playground-Visitor": secret}, verbose=False, analytics_enabled=False)
    try:
        going = []
        for model, parameters in requests:
            going.append(client.submit(model, parameters, api_name="/generate"))
            if not at_once:
                going[-1].result()
        for job in going:
            job.result()
    finally:
        client.close()


def secret_of(page: Page) -> str:
    """What the browser of this page is known by."""
    (secret,) = (one["value"] for one in page.context.cookies() if one["name"] == COOKIE)
    return secret


def visit_as(secret: str, visit: Visitor, address: str, **options: Any) -> Page:
    """The page, opened by the browser that has this secret."""
    page = visit("about:blank", ready=False, **options)
    page.context.add_cookies([{"name": COOKIE, "value": secret, "url": address}])
    page.goto(address)
    return page


@contextmanager
def held_back(page: Page) -> Iterator[None]:
    """What a page asks of the server as it opens is not answered before the end of this."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if '"trigger_id":0,' in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/run/predict*", hold)
    yield
    assert held
    for route in held:
        route.continue_()
    page.unroute("**/run/predict*")
    expect(page.locator(".pill")).not_to_be_empty()


def open_history(page: Page, entries: int) -> None:
    page.get_by_role("tab", name="History").click()
    expect(page.locator(".entry")).to_have_count(entries)


def count(page: Page) -> Locator:
    return page.locator("#history-count p")


def gone(page: Page, *addresses: str, left: int = 0) -> None:
    """Wait until only so many of these are still there: what is deleted goes when the time to undo it has passed."""
    give_up = time.monotonic() + 40
    while (there := sum(page.request.get(address).ok for address in addresses)) > left and time.monotonic() < give_up:
        page.wait_for_timeout(500)
    assert there == left
