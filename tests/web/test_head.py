"""HEAD, which monitors and link checkers send."""

from __future__ import annotations

import httpx2
import pytest

from tests.ui import AppProcess

PATHS = [
    "/", "/healthz", "/metrics", "/models.csv", "/plans.csv", "/history.csv", "/sandbox", "/sandbox/", "/sandbox/examples/flux-2",
    "/sandbox/api/v1/tasks/none", "/config", "/gradio_api/info", "/theme.css", "/favicon.ico", "/pictures/none",
    "/files/none/1", "/c/none", "/nothing",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_head_is_answered_like_get_without_a_body(app: AppProcess, path: str) -> None:
    get, head = (httpx2.request(method, app.url + path, trust_env=False, verify=False) for method in ("GET", "HEAD"))

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert (
        head.headers["content-type" if get.content else "location"]
        == get.headers["content-type" if get.content else "location"]
    )
