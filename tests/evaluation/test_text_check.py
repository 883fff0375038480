"""Expected text against text that was read; reading itself needs the optional packages."""

from __future__ import annotations

import io
import os
import signal

import pytest
from PIL import Image, ImageDraw, ImageFont

from components.evaluation.text_check import TextReader, compare_text


def test_text_is_compared_without_case_spaces_and_quotation_marks() -> None:
    cases = [
        ("GRAND OPENING", "Sale\nGrand Opening\n50 %", True, 0),
        ("GRAND OPENING", "GRANDOPENING", True, 0),
        ("GRAND OPENING", "GRAND OPNEING", False, 2 / 12),
        ("GRAND OPENING", "GRAND OPENIN", False, 1 / 12),
        ("GRAND OPENING", "GRAND XOPENING", False, 1 / 12),
        ("it’s “open”", 'It\'s "OPEN"', True, 0),
        ("Café", "Cafe\u0301", True, 0),
        ("Café", "Cafe", False, 1 / 4),
        ("ﬁne", "fine", True, 0),
        ("kite", "", False, 1),
        ("kite", "wxyz wxyz", False, 1),
        ("abc", "xaybzc", False, 2 / 3),
        ("", "anything", True, 0),
    ]
    for expected, read, exact, error_rate in cases:
        result = compare_text(expected, read)
        assert (result.exact, result.error_rate) == (exact, pytest.approx(error_rate)), (expected, read)


@pytest.mark.skipif(not TextReader.available(), reason="requirements-ocr.txt is not installed")
async def test_text_is_read_in_a_process_that_is_replaced_when_it_dies() -> None:
    image = Image.new("RGB", (512, 256), "white")
    ImageDraw.Draw(image).text((40, 90), "GRAND OPENING", fill="black", font=ImageFont.load_default(48))
    file = io.BytesIO()
    image.save(file, "PNG")
    reader = TextReader()
    try:
        result = await reader.check(file.getvalue(), "Grand Opening")
        assert result
        assert result.exact
        assert reader._pool
        (worker,) = reader._pool._processes
        os.kill(worker, signal.SIGKILL)
        assert await reader.check(file.getvalue(), "Grand Opening") is None
        again = await reader.check(file.getvalue(), "Grand Closing")
        assert again
        assert 0 < again.error_rate < 0.5
    finally:
        reader.close()
