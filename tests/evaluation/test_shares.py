"""The intervals of shares."""

from __future__ import annotations

import pytest

from components.evaluation.shares import Share


def test_the_wilson_interval_is_that_of_the_textbook() -> None:
    for count, total, low, high in ((8, 10, 0.490, 0.943), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (0, 0, 0.0, 1.0)):
        share = Share(count, total)
        assert (share.low, share.high) == pytest.approx((low, high), abs=5e-4)
    assert Share(8, 10).rate == 0.8
