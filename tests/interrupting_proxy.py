"""A proxy that closes its connections when it is told to, as gateways do with long streams."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from urllib.parse import urlsplit

from tests.ui import free_port


@contextmanager
def interrupting_proxy(address: str, *, aborts: bool) -> Iterator[tuple[str, Callable[[], object]]]:
    """The application at this address behind the proxy. Yields the proxy's address and what closes every connection.

    ``aborts``: a browser sees an error; else the stream ends as if that were all.
    """
    upstream = urlsplit(address)
    ends: set[asyncio.Future[None]] = set()

    async def pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter, old: bytes, new: bytes) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                target.write(data.replace(old, new, 1))
                await target.drain()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, requests = await asyncio.open_connection(upstream.hostname, upstream.port)
        # The body of an answer to HTTP/1.0 lasts until the connection ends.
        version = b"HTTP/1.1\r\n" if aborts else b"HTTP/1.0\r\n"
        pipes = [
            asyncio.create_task(pipe(reader, requests, b"HTTP/1.1\r\n", version)),
            asyncio.create_task(pipe(answers, writer, b"", b"")),
        ]
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ends.add(end)
        try:
            await asyncio.wait([*pipes, end], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in pipes:
                one.cancel()
            requests.transport.abort()
            if aborts:
                writer.transport.abort()
            writer.close()
            for stream in (requests, writer):
                with suppress(OSError):
                    await stream.wait_closed()
            ends.discard(end)

    def close() -> None:
        for end in ends:
            if not end.done():
                end.set_result(None)

    port, started = free_port(), threading.Event()
    calls: list[Callable[[], object]] = []

    async def run() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        calls.extend(partial(loop.call_soon_threadsafe, call) for call in (stop.set, close))
        server = await asyncio.start_server(relay, "127.0.0.1", port)
        started.set()
        await stop.wait()
        server.close()
        while ends:
            close()
            await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    started.wait(10)
    try:
        yield f"http://127.0.0.1:{port}", calls[1]
    finally:
        calls[0]()
        thread.join()
