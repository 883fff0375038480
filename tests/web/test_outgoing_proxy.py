"""The application where a proxy is the only way out: the service, its tasks and its pictures are reached through it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.recorder import Recorder
from tests.ui import api_client, run_app, write_quick_catalog

pytestmark = pytest.mark.processes

KEY = "sk-behind-a-proxy-123456"


@dataclass
class ForwardProxy:
    """An HTTP and SOCKS5 proxy that connects every host name to the server at ``target``. ``hosts`` are the requested names."""

    target: str
    hosts: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones = [writer]
        try:
            first = await reader.readexactly(1)
            head = await (self._socks5(reader, writer) if first == b"\x05" else self._http(first, reader))
            host, port = self.target.removeprefix("http://").split(":")
            onward, sending = await asyncio.open_connection(host, int(port))
            open_ones.append(sending)
            sending.write(head)
            await asyncio.gather(_copy(reader, sending), _copy(onward, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            for one in open_ones:
                one.close()

    async def _socks5(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        methods = await reader.readexactly(1)
        await reader.readexactly(methods[0])
        writer.write(b"\x05\x00")
        length = (await reader.readexactly(5))[4]
        self.hosts.append((await reader.readexactly(length)).decode())
        await reader.readexactly(2)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        return b""

    async def _http(self, first: bytes, reader: asyncio.StreamReader) -> bytes:
        head = first + await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.partition(b" ")
        host, _, path = rest.removeprefix(b"http://").partition(b"/")
        self.hosts.append(host.decode())
        return method + b" /" + path.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@contextmanager
def forwarding(target: str) -> Iterator[ForwardProxy]:
    """A forward proxy on a free port, in a thread."""
    proxy, started, loop = ForwardProxy(target), threading.Event(), asyncio.new_event_loop()
    ended = asyncio.Event()

    async def listen() -> None:
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
            proxy.port = server.sockets[0].getsockname()[1]
            started.set()
            await ended.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(listen())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait(10)
    yield proxy
    loop.call_soon_threadsafe(ended.set)
    thread.join(10)


@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_proxy_is_the_only_way_out(kind: str, tmp_path: Path, cleared_upstream: Recorder) -> None:
    """To the address that the service's pages print, and to its results; the sandbox on this machine needs no proxy."""
    with (
        forwarding(cleared_upstream.address) as proxy,
        run_app(
            tmp_path / "home",
            ALL_PROXY=f"{kind}://127.0.0.1:{proxy.port}",
            API_IN_ONE_BASE_URL="http://service.invalid/api/v1",
            PLAYGROUND_CATALOG=str(write_quick_catalog(tmp_path)),
        ) as app,
    ):
        with api_client(app) as client:
            drawn = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")
        asked_for_drawings = list(proxy.hosts)
        with api_client(app, X_API_In_One_Key=KEY) as client:
            paid = client.predict("flux-2", {"prompt": "a fox"}, api_name="/generate")
        picture = app.get(paid["images"][0].removeprefix(app.url))

    assert (drawn["state"], asked_for_drawings) == ("done", [])
    assert (paid["state"], paid["message"], picture.status_code) == ("done", "", 200)
    assert set(proxy.hosts) == {"service.invalid"}
    assert [one.path for one in cleared_upstream.posts] == ["/api/v1/images/generations"]
