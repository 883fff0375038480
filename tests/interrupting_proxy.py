"""A proxy that closes every connection after some seconds, as gateways do with long streams."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.ui import free_port


@contextmanager
def interrupting_proxy(address: str, seconds: float, *, aborts: bool) -> Iterator[str]:
    """The application at this address behind the proxy. Yields the proxy's address.

    ``aborts``: a browser sees an error; else the stream ends as if that were all.
    """
    upstream = urlsplit(address)

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
        try:
            await asyncio.wait(pipes, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in pipes:
                one.cancel()
            requests.transport.abort()
            if aborts:
                writer.transport.abort()
            writer.close()

    port, started = free_port(), threading.Event()
    stops: list[Callable[[], object]] = []

    async def run() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        async with await asyncio.start_server(relay, "127.0.0.1", port):
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    started.wait(10)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stops[0]()
        thread.join()
