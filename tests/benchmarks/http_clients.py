"""CPU time of one poll with httpx2, which the product uses, beside httpx: both GET the same small reply on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2

from tests.benchmarks import line_of, own_cpu, started, table

POLLS, WARM_UP = 1_000, 50
# In a process of its own: its CPU time is not the client's.
SERVER = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY = b'{"code": 200, "data": {"task_id": "n1", "status": "IN_PROGRESS"}}'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet a reply

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
"""


def report() -> Iterator[str]:
    yield "## HTTP clients\n"
    with started("-c", SERVER) as server:
        address = line_of(server)
        costs = {library.__name__: asyncio.run(_cpu_ms(library, address)) for library in (httpx, httpx2)}
    rows = [(name, f"{cost:.2f}", f"{cost / costs['httpx']:.2f}") for name, cost in costs.items()]
    yield table(("client", "CPU ms a poll", "of httpx"), rows)


async def _cpu_ms(library: Any, address: str) -> float:
    async with library.AsyncClient(trust_env=False) as client:
        for _ in range(WARM_UP):
            await client.get(address)
        before = own_cpu()
        for _ in range(POLLS):
            await client.get(address)
        return 1000 * (own_cpu() - before) / POLLS
