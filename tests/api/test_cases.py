"""The table of replies through the reader alone."""

from __future__ import annotations

import json
from typing import Any

from components.api.replies import Reply, read_created, read_task
from components.errors import NOT_CHARGED, ServiceError
from tests.api.cases import CASES, CREATED, ReplyCase


def read(case: ReplyCase) -> Reply | ServiceError:
    """What the client does with a redirect is not the reader's affair."""
    created: Any = CREATED if case.created is None else case.created
    try:
        reply = read_created(case.status, json.dumps(created), {})
        return read_task(200, case.prefix.decode() + json.dumps(case.task), {}, "t1") if case.task else reply
    except ServiceError as error:
        return error


def test_every_reply_of_the_table_is_read() -> None:
    for case in [case for case in CASES if not case.location]:
        reply = read(case)
        if isinstance(reply, ServiceError):
            assert (case.state, reply.problem.charged == NOT_CHARGED) == ("failed", not case.charged), case.name
            assert case.says in str(reply), case.name
        else:
            assert (str(reply.phase), len(reply.images)) == (case.state, case.images), case.name
            assert case.says in str(reply.failure), case.name
