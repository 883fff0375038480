"""A service for benchmarks, in a process of its own: as light as can be, and it knows what happened when.

It speaks the two routes and serves the files, over a protocol of asyncio without any framework, so that on a
small machine the measured process gets the processor. Its ledger says when each task was created, was ready,
was first seen to be ready and had its file fetched, and how many connections were opened.

    with upstream() as service:
        service.prepare(count=200, median=10, sigma=0.4)
        ...
        ledger = service.ledger()

The parent steers it by lines of JSON over its standard input, so the ledger holds no request of the parent.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import struct
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from statistics import NormalDist
from subprocess import Popen
from urllib.parse import urlsplit

from tests.benchmarks import line_of, started

CALLBACK_MEDIAN_S, CALLBACK_SIGMA = 0.3, 0.6


@dataclass
class Task:
    """What became of one task; times are seconds since 1970, 0 where not yet."""

    id: str
    created: float
    ready: float
    polls: int = 0
    first_seen_done: float = 0.0
    fetched: float = 0.0
    called_back: float = 0.0


@dataclass
class Plan:
    """How the next tasks run: their latencies are the quantiles of a lognormal, shuffled, the same every time.

    ``lost`` is the share of callbacks that are never sent; ``side`` is that of the pictures in pixels.
    """

    count: int = 200
    median: float = 10.0
    sigma: float = 0.4
    lost: float = 0.02
    side: int = 512

    def latencies(self) -> list[float]:
        normal = NormalDist(math.log(self.median), self.sigma)
        found = [math.exp(normal.inv_cdf((number + 0.5) / self.count)) for number in range(self.count)]
        random.Random(7).shuffle(found)
        return found


@dataclass
class Ledger:
    """All tasks since the plan was made, and the connections of those who asked."""

    tasks: dict[str, Task] = field(default_factory=dict)
    opened: int = 0
    most: int = 0

    @property
    def polls(self) -> float:
        """Polls a task, on average."""
        return sum(task.polls for task in self.tasks.values()) / max(1, len(self.tasks))


class Service:
    """The state of the serving process."""

    def __init__(self) -> None:
        self.address = ""
        self.open = 0
        self.background: set[asyncio.Task[None]] = set()
        self.prepare(Plan())

    def prepare(self, plan: Plan) -> None:
        self.plan, self.records, self.latencies = plan, Ledger(most=self.open), plan.latencies()
        self.chance = random.Random(7)

    def create(self, body: bytes) -> bytes:
        number, now = len(self.records.tasks), time.time()
        task = Task(f"task{number}", now, now + self.latencies[number % len(self.latencies)])
        self.records.tasks[task.id] = task
        callback = json.loads(body).get("callback_url")
        if callback and self.chance.random() >= self.plan.lost:
            delay = CALLBACK_MEDIAN_S * math.exp(CALLBACK_SIGMA * self.chance.gauss(0, 1))
            sending = asyncio.get_running_loop().create_task(self.send_callback(task, callback, task.ready - now + delay))
            self.background.add(sending)
            sending.add_done_callback(self.background.discard)
        return self.state(task)

    def show(self, task: Task) -> bytes:
        task.polls += 1
        return self.state(task)

    def state(self, task: Task) -> bytes:
        """What is known of a task; one that takes no time is answered with its picture at once."""
        now = time.time()
        if now < task.ready:
            return self.envelope(task, "IN_PROGRESS")
        task.first_seen_done = task.first_seen_done or now
        return self.envelope(task, "completed", {"images": [{"url": f"{self.address}/files/{task.id}.png"}]})

    def picture(self, task: Task) -> bytes:
        task.fetched = task.fetched or time.time()
        return _picture(self.plan.side, task.id)

    @staticmethod
    def envelope(task: Task, status: str, output: object = None) -> bytes:
        data = {"task_id": task.id, "status": status} | ({"output": output} if output else {})
        return json.dumps({"code": 200, "message": "success", "data": data}).encode()

    async def send_callback(self, task: Task, callback: str, delay: float) -> None:
        """Call back once, on a connection of its own, as a service with many customers does."""
        await asyncio.sleep(delay)
        body = self.envelope(task, "completed")
        url = urlsplit(callback)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(30):
                reader, writer = await asyncio.open_connection(url.hostname, url.port)
                head = f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n"
                writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
                task.called_back = time.time()
                await reader.read()
                writer.close()

    def answer(self, method: bytes, path: str, body: bytes) -> tuple[str, bytes]:
        """Media type and content of the answer; "" for what there is not."""
        if method == b"POST":
            return "application/json", self.create(body)
        folder, _, name = path.rpartition("/")
        task = self.records.tasks.get(name.removesuffix(".png"))
        if task is None:
            return "", b"{}"
        return ("image/png", self.picture(task)) if folder == "/files" else ("application/json", self.show(task))


class Connection(asyncio.Protocol):
    """One connection, kept open between requests."""

    def __init__(self, service: Service) -> None:
        self.service, self.waiting = service, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.service.open += 1
        records = self.service.records
        records.opened, records.most = records.opened + 1, max(records.most, self.service.open)

    def connection_lost(self, exc: Exception | None) -> None:
        self.service.open -= 1

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while b"\r\n\r\n" in self.waiting:
            head, _, rest = self.waiting.partition(b"\r\n\r\n")
            lines = head.split(b"\r\n")
            length = next((int(line[15:]) for line in lines if line[:15].lower() == b"content-length:"), 0)
            if len(rest) < length:
                return
            self.waiting = rest[length:]
            method, path, _ = lines[0].split(b" ", 2)
            kind, content = self.service.answer(method, path.decode(), rest[:length])
            status = "200 OK" if kind else "404 Not Found"
            answer = f"HTTP/1.1 {status}\r\nContent-Type: {kind or 'text/plain'}\r\nContent-Length: {len(content)}\r\n\r\n"
            self.transport.write(answer.encode() + content)  # type: ignore[attr-defined]


@cache
def _shared(side: int) -> bytes:
    """The rows of a picture with soft colours and some grain, so that its weight is that of a real one."""
    chance = random.Random(7)
    rows = []
    for y in range(side):
        grain = chance.randbytes(side)
        pixels = ((x * 200 // side + (grain[x] & 7), y * 200 // side + (grain[x] >> 5), 90) for x in range(side))
        rows.append(b"\0" + bytes(value for pixel in pixels for value in pixel))
    return _chunk(b"IDAT", zlib.compress(b"".join(rows), 1))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _picture(side: int, name: str) -> bytes:
    """A PNG that is different for every name."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"tEXt", b"Title\0" + name.encode()) + _shared(side) + _chunk(b"IEND", b"")


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    service, ended = Service(), asyncio.Event()
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0, backlog=2048)
    service.address = "http://{}:{}".format(*server.sockets[0].getsockname())

    def send_ledger() -> None:
        line = sys.stdin.readline()
        if not line:
            ended.set()
        elif line.strip():
            service.prepare(Plan(**json.loads(line)))
            _picture(service.plan.side, "")
            print("ready", flush=True)
        else:
            print(json.dumps(asdict(service.records)), flush=True)

    loop.add_reader(sys.stdin, send_ledger)
    print(service.address, flush=True)
    await ended.wait()


class Upstream:
    """The serving process as its parent sees it."""

    def __init__(self, process: Popen[str]) -> None:
        self._process = process
        self.address = line_of(process)

    def prepare(self, **plan: float) -> None:
        """Forget everything and run the next tasks by this ``Plan``."""
        self._say(json.dumps(plan))
        line_of(self._process)

    def ledger(self) -> Ledger:
        self._say("")
        document = json.loads(line_of(self._process))
        return Ledger({name: Task(**task) for name, task in document["tasks"].items()}, document["opened"], document["most"])

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


@contextmanager
def upstream() -> Iterator[Upstream]:
    with started("-m", "tests.benchmarks.upstream") as process:
        yield Upstream(process)


if __name__ == "__main__":
    asyncio.run(_serve())
