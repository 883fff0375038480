"""Random requests to every route and endpoint of a running application: ``python -m tests.fuzzing [EXAMPLES]``.

Whatever is sent, no answer is a 5xx and no traceback is in the log. ``make fuzz`` sends 1,000 examples to each.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.ui import AppProcess, run_app

VISITOR = "X-Playground-Visitor"
ODD = [
    "",
    "\0",
    "../../etc/passwd",
    "%00",
    "%2e%2e/",
    "' or 1=1 --",
    "\ud800",
    "🦊",
    "1e999",
    "-1",
    "NaN",
    "9" * 400,
    "a" * 3000,
    "{{7*7}}",
]
WORDS = [
    "prompt",
    "model",
    "flux-2",
    "cogview-4",
    "type",
    "image_urls",
    "num_images",
    "seed",
    "16:9",
    "text",
    "limit",
    "before",
]
texts = st.one_of(st.sampled_from(ODD + WORDS), st.text(max_size=40))
values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
# Of the sandbox, and never of its slow ones: a job that is really made takes a second.
ROUTES = {
    "GET": [
        "/", "/config", "/healthz", "/metrics", "/models.csv", "/plans.csv", "/history.csv", "/history.json", "/history.zip",
        "/files.zip", "/files/{}/{}", "/files/{}/reply.txt", "/pictures/{}", "/pictures/{}/small", "/uploads/{}", "/c/{}",
        "/c/{}/preview.png", "/c/{}/{}/{}", "/comparisons/{}/report.html", "/comparisons/{}/jobs.csv", "/comparisons/{}/jobs.{}",
        "/evaluations/{}/progress", "/evaluations/{}/rows", "/evaluations/{}/rows/{}", "/evaluations/{}/cells/{}", "/sandbox/",
        "/sandbox/api/v1/tasks/{}", "/sandbox/files/{}/{}", "/picker", "/gradio_api/info", "/gradio_api/file={}", "/theme.css",
        "/gradio_api/call/{}/{}", "/gradio_api/queue/status", "/gradio_api/proxy={}", "/assets/{}", "/static/{}", "/{}",
    ],
    "POST": [
        "/recipe", "/uploads", "/callbacks/{}/{}", "/sandbox/api/v1/images/generations", "/gradio_api/queue/join",
        "/gradio_api/run/{}", "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/component_server", "/gradio_api/call/{}",
        "/evaluations/{}", "/{}",
    ],
    "DELETE": ["/uploads/{}", "/{}"],
}  # fmt: skip


def fuzz(app: AppProcess, examples: int) -> tuple[dict[str, int], list[str]]:
    """Send so many examples to each route and endpoint. Returns how often each was asked, and what failed."""
    counts: dict[str, int] = {}
    failures: list[str] = []
    with httpx2.Client(
        base_url=app.url, trust_env=False, timeout=30, limits=httpx2.Limits(max_keepalive_connections=0)
    ) as http:
        endpoints = http.get("/gradio_api/info").json()["named_endpoints"]
        for name, described in endpoints.items():
            names = [one["parameter_name"] for one in described["parameters"]]
            named = st.dictionaries(st.one_of(texts, st.sampled_from([*names, "data"])), values, max_size=4)
            data = _arguments(len(names))
            _run(counts, failures, examples, name, lambda sent, name=name: _call(http, name, sent), data)
            _run(
                counts, failures, examples, f"{name} by name", lambda sent, name=name: _call_by_name(http, name, sent), named
            )
        for method, templates in ROUTES.items():
            for template in templates:
                _run(
                    counts,
                    failures,
                    examples,
                    f"{method} {template}",
                    lambda sent, m=method, t=template: _ask(http, m, t, sent),
                    _requests(),
                )
    return counts, failures


def _arguments(count: int) -> st.SearchStrategy[list[Any]]:
    """Data of an endpoint: mostly of the right length, with models and prompts that exist among the rest."""
    right = st.lists(
        st.one_of(values, st.just("flux-2"), st.just({"prompt": "a fox", "type": "flex"})), min_size=count, max_size=count
    )
    return st.one_of(right, st.lists(values, max_size=count + 2))


def _requests() -> st.SearchStrategy[tuple[list[str], dict[str, str], Any, dict[str, str]]]:
    """Parts of the path, a query, a body, headers."""
    parts = st.lists(texts, min_size=3, max_size=3)
    body = st.one_of(
        values, st.binary(max_size=200), st.fixed_dictionaries({"data": st.lists(values), "session_hash": values})
    )
    forged = st.sampled_from(
        [
            {}, {VISITOR: "x" * 20}, {"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}, {"Origin": "null"},
            {"X-Forwarded-Proto": "https"}, {"X-Forwarded-For": "' or 1=1"}, {"Range": "bytes=9-1"}, {"Cookie": "playground_visitor=x"},
            {"Content-Type": "multipart/form-data; boundary=x"}, {"Content-Type": "text/plain; charset=utf-99"}, {"X-Gradio-Server": "x"},
            {"Accept-Encoding": "br;q=nan"}, {"X-API-In-One-Key": "a b"}, {"Content-Encoding": "gzip"}, {"Expect": "100-continue"},
        ]
    )  # fmt: skip
    return st.tuples(parts, st.dictionaries(texts, texts, max_size=3), body, forged)


def _run(
    counts: dict[str, int],
    failures: list[str],
    examples: int,
    name: str,
    send: Callable[[Any], None],
    strategy: st.SearchStrategy[Any],
) -> None:
    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def one(sent: Any) -> None:
        counts[name] = counts.get(name, 0) + 1
        send(sent)

    try:
        one()
        print(f"{name}: {counts.get(name, 0):,} requests", flush=True)
    except (AssertionError, httpx2.HTTPError) as error:
        failures.append(f"{name}: {type(error).__name__} {str(error)[:600]}")
    except ExceptionGroup as errors:  # several kinds of failures
        failures += [f"{name}: {type(error).__name__} {str(error)[:600]}" for error in errors.exceptions]


def _call_by_name(http: httpx2.Client, endpoint: str, sent: dict[str, Any]) -> None:
    answer = http.post(f"/gradio_api/call/v2{endpoint}", content=_json(sent), headers={"Content-Type": "application/json"})
    assert answer.status_code < 500, (endpoint, sent, answer.text)
    direct = http.post(
        f"/gradio_api/run{endpoint}",
        content=_json({"data": list(sent.values())}),
        headers={"Content-Type": "application/json"},
    )
    assert direct.status_code < 500, (endpoint, sent, direct.text)


def _call(http: httpx2.Client, endpoint: str, data: list[Any]) -> None:
    sent = _json({"data": data})
    started = http.post(f"/gradio_api/call{endpoint}", content=sent, headers={"Content-Type": "application/json"})
    assert started.status_code < 500, (endpoint, sent, started.text)
    if event := started.status_code == 200 and started.json().get("event_id"):
        with http.stream("GET", f"/gradio_api/call{endpoint}/{event}") as answer:
            assert answer.status_code < 500, (endpoint, sent)
            kind = ""
            for line in answer.iter_lines():
                kind = line if line.startswith("event:") else kind  # a heartbeat has no data either
                assert (kind, line) != ("event: error", "data: null"), (endpoint, sent)  # an error that is none of ours


def _ask(
    http: httpx2.Client, method: str, template: str, sent: tuple[list[str], dict[str, str], Any, dict[str, str]]
) -> None:
    parts, query, body, headers = sent
    encoded = [quote(part.encode("utf-8", "surrogatepass"), safe="") for part in parts]
    path = (
        template.format(*encoded)
        + "?"
        + urlencode({k.encode("utf-8", "replace"): v.encode("utf-8", "replace") for k, v in query.items()})
    )
    content = body if isinstance(body, bytes) else _json(body)
    typed = {"Content-Type": "application/json", **headers}
    with http.stream(method, path, content=None if method == "GET" else content, headers=typed) as answer:
        assert answer.status_code < 500, (method, path, content, headers, answer.status_code)
        answer.read()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def main() -> int:
    """Fuzz an application of its own and print what was asked."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as folder, run_app(Path(folder) / "home", PLAYGROUND_SANDBOX_SPEED="10000") as app:
        began = time.monotonic()
        counts, failures = fuzz(app, examples)
        traces = app.log.count("Traceback")
        print(*failures, *dict.fromkeys(re.findall(r"^[A-Za-z_.]*(?:Error|Exception)\b.*", app.log, re.M)), sep="\n")
        print(
            f"{sum(counts.values()):,} requests to {len(counts)} routes and endpoints in {time.monotonic() - began:.0f} s: "
            f"{len(failures)} failed, {traces} tracebacks in the log"
        )
    return 1 if traces or failures else 0


if __name__ == "__main__":
    sys.exit(main())
