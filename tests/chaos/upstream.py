"""A paid service that goes wrong on request: raw HTTP on loopback, with a ledger that outlives its callers.

``python -m tests.chaos.upstream --port 0`` runs it alone; it prints its address and serves its
ledger as JSON (``GET /ledger``).
A base address may end in ``/scope-<name>``: a rate limit counts for one scope.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from contextlib import suppress
from random import Random

from tests.chaos import callbacks
from tests.chaos.connection import Connection, NormalAnswer, ServedRequest, read_request
from tests.chaos.fault_plans import FaultPlan, JobListener
from tests.chaos.faults import EVER, FAULTS
from tests.chaos.ledger import Ledger, Post, Task
from tests.chaos.rate_limits import RateLimits

LABEL = re.compile(r"#job=([a-z0-9-]+)(?: #faults=([a-z0-9.+-]*))?", re.I)
FASTEST_S, SLOWEST_S = 0.02, 0.3


class Upstream:
    """The service. ``async with Upstream(seed) as upstream`` starts it on a free port of loopback."""

    def __init__(self, seed: int = 0, port: int = 0, answer_delay_s: float = 0.0) -> None:
        self.seed = seed
        self.answer_delay_s = answer_delay_s  # a POST is answered after up to so many seconds
        self.ledger = Ledger()
        self.address = ""
        self._port = port
        self._plans: dict[str, FaultPlan] = {}
        self._listeners: dict[str, JobListener] = {}
        self._limits = RateLimits()
        self._callbacks: set[asyncio.Task[None]] = set()
        self._handlers: dict[asyncio.Task[None], asyncio.StreamWriter | None] = {}

    async def __aenter__(self) -> Upstream:
        self._server = await asyncio.start_server(self.connected, "127.0.0.1", self._port, backlog=500)
        self.address = "http://{}:{}".format(*self._server.sockets[0].getsockname())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for listener in self._listeners.values():
            listener.close()
        handlers = dict(self._handlers)
        for handler, writer in handlers.items():
            handler.cancel()
            if writer:
                writer.transport.abort()
        await asyncio.gather(*handlers, return_exceptions=True)
        await self._server.wait_closed()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.spawn(self._serve(reader, writer), writer)

    def spawn(self, work: object, writer: asyncio.StreamWriter | None = None) -> asyncio.Task[None]:
        """Something that ends with the upstream at the latest."""
        task = asyncio.ensure_future(work)  # type: ignore[arg-type]
        self._handlers[task] = writer
        task.add_done_callback(self._handled)
        return task

    def _handled(self, task: asyncio.Task[None]) -> None:
        writer = self._handlers.pop(task, None)
        if writer:
            writer.close()
        if not task.cancelled() and (error := task.exception()):
            self.ledger.broken.append(repr(error))

    # -- for the campaign --------------------------------------------------------------------------

    async def listener(self, label: str) -> str:
        """A base address of this job's own; its port is closed if one of its faults says so."""
        self._listeners[label] = listener = JobListener(self.connected)
        fault = self.plan(label).closes("start")
        if fault is None:
            await listener.open()
        elif fault.seconds < EVER:
            self.spawn(self._opens(label, fault.seconds))
        return listener.address

    async def end_faults(self, label: str) -> None:
        """The faults of this job are over; what a visitor asks for now is no impatience."""
        self.plan(label).faults_ended = True
        self._limits.lift(label)
        self.ledger.note(label, "-- healed")
        for task in self.ledger.tasks_of(label):
            endless = any(fault.endless and fault.target == "poll" for fault in self.plan(label).faults)
            task.never = task.never and endless
        if label in self._listeners:
            await self._listeners[label].open()

    async def callbacks_sent(self) -> None:
        """Wait until every callback that is still to come has been made."""
        if going := {task for task in self._callbacks if not task.done()}:
            await asyncio.wait(going, timeout=10)

    def leave(self, label: str) -> None:
        """Nothing more of this job is expected."""
        if listener := self._listeners.pop(label, None):
            listener.close()

    def plan(self, label: str, faults: str = "") -> FaultPlan:
        """The job's plan, made at the first call."""
        if label not in self._plans:
            known = [FAULTS[name] for name in faults.split("+") if name]
            self._plans[label] = FaultPlan(known, Random(f"{self.seed}/{label}"))
        return self._plans[label]

    # -- requests ----------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            while connection.open and (request := await read_request(reader)):
                if request.method == "POST":
                    await self._create(connection, request)
                elif request.path.startswith("/api/v1/tasks/"):
                    await self._poll(connection, request)
                elif request.path.startswith("/files/"):
                    await self._download(connection, request)
                elif request.path == "/ledger/open":
                    await connection.send(str(self.ledger.open_posts).encode())
                elif request.path == "/ledger":
                    await connection.send(json.dumps(self.ledger.document()).encode())
                else:
                    await self._answer_unknown(connection, request)

    async def _answer_unknown(self, connection: Connection, request: ServedRequest) -> None:
        self.ledger.unknown_requests.append(f"{request.method} {request.path}")
        await connection.send(b'{"error": {"message": "not found", "type": "not_found", "code": 404}}', 404)

    async def _create(self, connection: Connection, request: ServedRequest) -> None:
        body = json.loads(request.body)
        match = LABEL.search(body.get("prompt", ""))
        if match is None or request.path != "/api/v1/images/generations":
            return await self._answer_unknown(connection, request)
        label, model = match[1], str(body["model"])
        plan, record, ledger = self.plan(label, match[2] or ""), self.ledger.record(label), self.ledger
        post = Post(time.monotonic() - ledger.started, "nothing")
        record.posts.append(post)
        ledger.note(label, f"POST number {len(record.posts)}")
        self._limits.check(record, f"{request.scope}/{model}", "POST")
        ledger.open_posts += 1
        try:
            fault = plan.next("create")
            if fault:
                ledger.note(label, f"meets {fault.name}")
            if fault is None or fault.creates:
                post.verdict = "created"
                task = ledger.create(label, model, plan.rng.uniform(FASTEST_S, SLOWEST_S), plan.rng)
                task.never = any(one.name.startswith("poll.never") for one in plan.faults)
                data = {"task_id": task.id, "status": "IN_PROGRESS"}
                normal = NormalAnswer(json.dumps({"code": 200, "message": "success", "data": data}).encode())
                if body.get("callback_url"):
                    self._callbacks.add(
                        self.spawn(callbacks.send_callbacks(ledger, plan.faults, plan.rng, task, body["callback_url"]))
                    )
                if any(one.name == "callback.early" for one in plan.faults):
                    await asyncio.sleep(0.05)
            else:
                normal = NormalAnswer(b'{"code": 200, "message": "success", "data": {}}')
            if self.answer_delay_s:
                await asyncio.sleep(plan.rng.uniform(0, self.answer_delay_s))
            if fault and fault.retry_after is not None:
                post.verdict, post.answered = "refused", True
                return await self._limits.refuse(connection, fault, f"{request.scope}/{model}")
            if fault and fault.behavior:
                post.verdict = "refused" if fault.allowed_states == ("failed",) else post.verdict
                post.answered = post.verdict == "refused" or not fault.lost
                return await fault.behavior(connection, normal, plan.rng)
            await self._well(connection, normal, label, "create")
            post.answered = True
            return None
        finally:
            ledger.open_posts -= 1

    async def _poll(self, connection: Connection, request: ServedRequest) -> None:
        task = self.ledger.tasks.get(request.path.rpartition("/")[2])
        if task is None:
            return await self._answer_unknown(connection, request)
        plan, record = self.plan(task.label), self.ledger.record(task.label)
        record.polls.append(time.monotonic() - self.ledger.started)
        self._limits.check(record, task.label, "poll")
        fault = plan.next("poll")
        normal = self._status_answer(task, request)
        if fault is None:
            if b"completed" not in normal.body:
                return await connection.send(normal.body)
            await self._well(connection, normal, task.label, "poll")
            if task.reported is None:
                task.reported = time.monotonic()
                self.ledger.note(task.label, "reported as completed")
            return None
        record.bad_polls += 1
        self.ledger.note(task.label, f"poll meets {fault.name}")
        task.fails = task.fails or fault.name == "poll.failed"
        if fault.retry_after is not None:
            return await self._limits.refuse(connection, fault, task.label)
        assert fault.behavior
        return await fault.behavior(connection, normal, plan.rng)

    def _status_answer(self, task: Task, request: ServedRequest) -> NormalAnswer:
        """The answer to a poll. The pictures are at the host that was asked."""
        data: dict[str, object] = {"task_id": task.id, "status": "IN_PROGRESS"}
        if task.done(time.monotonic()):
            images = [{"url": f"http://{request.host}/files/{name}"} for name in task.pictures]
            data = {"status": "completed", "output": {"images": images}}
            data |= {"consumed_credits": task.charged} if task.reports else {}
        return NormalAnswer(json.dumps({"code": 200, "message": "success", "data": data}).encode())

    async def _download(self, connection: Connection, request: ServedRequest) -> None:
        name = request.path.rpartition("/")[2]
        task = self.ledger.tasks.get(name.rpartition("-")[0])
        if task is None:
            return await self._answer_unknown(connection, request)
        record = self.ledger.record(task.label)
        record.downloads += 1
        fault = self.plan(task.label).next("download", int(name.rpartition("-")[2].partition(".")[0]))
        normal = NormalAnswer(task.pictures[name], "image/png")
        if fault is None:
            await connection.send(normal.body, kind=normal.kind)
            record.served += len(normal.body)
            task.delivered.append(name)
            self.ledger.note(task.label, "picture served")
            return None
        record.bad_downloads += 1
        self.ledger.note(task.label, f"download meets {fault.name}")
        if fault.retry_after is not None:
            return await connection.send(b"", 429, headers={"Retry-After": "1"} if fault.retry_after else {})
        assert fault.behavior
        return await fault.behavior(connection, normal, self.plan(task.label).rng)

    async def _well(self, connection: Connection, normal: NormalAnswer, label: str, target: str) -> None:
        """Send the normal answer, after which the job's port may be closed for a while."""
        fault = self.plan(label).closes(target)
        if fault and label in self._listeners:
            connection.open = False
            self._listeners[label].stop()
            self.ledger.note(label, f"meets {fault.name}: nothing listens")
            self.plan(label).faults.remove(fault)
            if fault.seconds < EVER:
                self.spawn(self._opens(label, fault.seconds))
        await connection.send(normal.body, kind=normal.kind)

    async def _opens(self, label: str, after: float) -> None:
        await asyncio.sleep(after)
        if label in self._listeners:
            await self._listeners[label].open()
            self.ledger.note(label, "listens again")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--think", type=float, default=0.0, help="seconds that a POST may take to be answered")
    arguments = parser.parse_args()
    async with Upstream(arguments.seed, arguments.port, arguments.think) as upstream:
        print(upstream.address, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
