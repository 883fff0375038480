"""Tests that share servers run in one process of pytest-xdist."""

from __future__ import annotations

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="The tests run in one process")
@pytest.mark.xdist_group("a group")
def test_pytest_xdist_sees_the_groups(request: pytest.FixtureRequest) -> None:
    """With pytest 9.2, pytest-xdist 3.8 ignored them silently: every process started every server, and time limits failed."""
    assert request.node.nodeid.endswith("@a group")
