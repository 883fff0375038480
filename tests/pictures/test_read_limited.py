"""Reading a stream with a bound: all of it, or nothing beyond the bound."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from components.errors import TooLarge
from components.pictures.fetch import read_limited


async def test_a_stream_is_read_whole_up_to_the_bound_and_not_a_chunk_further() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10
            yield bytes(10)

    async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    assert await read_limited(chunks(b"abc", b"", b"defg"), 7) == b"abcdefg"
    assert await read_limited(chunks(), 0) == b""
    with pytest.raises(TooLarge):
        await read_limited(endless(), 35)
    assert sent == 40
