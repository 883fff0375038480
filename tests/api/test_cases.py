"""The table of replies through the client, which reads them: over HTTP, from a server that answers with their bytes."""

from __future__ import annotations

from components.api import ApiClient, Reply
from components.errors import NOT_CHARGED, AnswerLost, ServiceError
from tests.api.cases import CASES, ReplyCase
from tests.api.upstream import BODY, account, http, upstream


async def read(client: ApiClient, case: ReplyCase) -> Reply | ServiceError:
    """The reply that ends the job, or why there is none."""
    location = [f"Location: {case.location}"] if case.location else []
    kind = f"Content-Type: {case.kind}"
    async with upstream(http(case.status, case.body("POST"), kind, *location)) as server:
        where = account(server.address)
        try:
            reply = await client.create(where, BODY, 1, timeout_s=5)
        except ServiceError as error:
            return error
        if case.task is None:
            return reply
        assert (reply.task_id or "")[:2] == "t1", case.name
        server.answer = http(case.poll_status, case.body("GET"), kind)
        try:
            return await client.task(where, "t1", BODY, 1, timeout_s=5)
        except ServiceError as error:
            return error


async def test_every_reply_of_the_table_is_read(client: ApiClient) -> None:
    wrong = [problem for case in CASES if (problem := compare(case, await read(client, case)))]
    assert not wrong, "\n".join(wrong)


def compare(case: ReplyCase, reply: Reply | ServiceError) -> str:
    """What is wrong, or ""."""
    if isinstance(reply, ServiceError):
        state, says = "uncertain" if isinstance(reply, AnswerLost) else "failed", str(reply.problem)
        right = (case.state, case.charged) == (state, reply.problem.charged != NOT_CHARGED)
    else:
        right = (str(reply.phase), len(reply.images)) == (case.state, case.images)
        says = str(reply.failure) if case.state == "failed" else ""
    return "" if right and case.says in says else f"{case.name}: {reply!r:.300} {says}"
