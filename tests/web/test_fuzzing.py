"""A few random requests to each route and endpoint; ``make fuzz`` sends a thousand to each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzzing import fuzz
from tests.ui import run_app

pytestmark = pytest.mark.processes


def test_no_random_request_is_answered_with_an_error_of_the_server(tmp_path: Path) -> None:
    """Nor is there a traceback in the log."""
    with run_app(tmp_path / "home", PLAYGROUND_SANDBOX_SPEED="10000") as app:
        counts, failures = fuzz(app, 3)
        assert failures == []
        assert len(counts) > 60
        assert "Traceback" not in app.log
