"""What the routes read from a request: its body, and the filters of a history."""

from __future__ import annotations

import asyncio

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

from components.catalog.models import Catalog
from components.errors import TooLarge
from components.jobs.job import JobState
from components.jobs.store.history import JobFilter
from components.pictures.fetch import read_limited
from components.views.queries.history import read_history_query

LONGEST_BODY_S = 60.0


async def read_body(request: Request, most: int, too_large: str = "The body is too large.") -> bytes:
    """The body. Raises HTTPException: 413 if it has more than ``most`` bytes, 408 if it is slow, 400 if it is cut off."""
    try:
        async with asyncio.timeout(LONGEST_BODY_S):
            return await read_limited(request.stream(), most)
    except TooLarge as error:
        raise HTTPException(413, too_large) from error
    except TimeoutError as error:
        raise HTTPException(408, f"The body did not arrive within {LONGEST_BODY_S:.0f} seconds.") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "The body is not complete.") from error


def requested_filter(request: Request, catalog: Catalog) -> JobFilter:
    """The filters of a History tab, in the address as the tab writes them. Raises InputError for a date that is none."""
    query = {name: request.query_params.getlist(name) for name in request.query_params}
    return read_history_query(query, [model.id for model in catalog.models], list(JobState)).job_filter(catalog)
