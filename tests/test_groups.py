"""Tests that share servers run in the same pytest-xdist worker."""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="pytest-xdist is not used")
@pytest.mark.xdist_group("a group")
def test_pytest_xdist_honours_the_groups(request: pytest.FixtureRequest) -> None:
    """With pytest 9.2, pytest-xdist 3.8 silently ignored them: every worker started every server, and tests timed out."""
    assert request.node.nodeid.endswith("@a group")
