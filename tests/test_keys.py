"""A key as people paste it: mended where that is safe, explained where it is not."""

from __future__ import annotations

import pytest

from components.errors import KeyRefused
from components.keys import clean_key

KEY = "aio_0123456789abcdef"


def test_quotes_spaces_and_prefixes_around_a_key_are_removed() -> None:
    for typed in (
        KEY, f"  {KEY}\r\n", f'"{KEY}"', f"'{KEY}'", f"`{KEY}`", f"“{KEY}”", f" '{KEY}' ", f'"{KEY}",', f"\ufeff{KEY}\u200b",
        f"Bearer {KEY}", f"bearer  {KEY}", f'"Bearer {KEY}"', f"Bearer '{KEY}'", f"Bearer: {KEY}", f"Authorization: Bearer {KEY}",
        f"X-API-In-One-Key: {KEY}", f"API_IN_ONE_KEY={KEY}", f'export API_IN_ONE_KEY="{KEY}"', f"API_IN_ONE_KEY: {KEY}",
    ):  # fmt: skip
        assert clean_key(typed) == KEY, typed
    for typed in ("", " ", '""', "Bearer", "Bearer ", "API_IN_ONE_KEY="):
        assert clean_key(typed) == "", typed
    assert clean_key("bearerless_key") == "bearerless_key"
    assert clean_key("a*b") == "a*b"


def test_a_masked_key_and_text_that_is_no_key_are_explained_without_showing_it() -> None:
    for typed in ("aio_abc****", "Bearer aio_abc****", "aio_****wxyz", "aio_abc…wxyz", "aio_abc...wxyz", "aio_abc••••"):
        with pytest.raises(KeyRefused, match="short form of a key") as caught:
            clean_key(typed)
        assert "Copy the whole key" in caught.value.problem.next_step
        assert "abc" not in str(caught.value.problem)
    for typed in ("two words", "ключ", "a\tb", "a\x7fb", "x" * 501, "Basic YWJj"):
        with pytest.raises(KeyRefused, match="not an API key"):
            clean_key(typed)
