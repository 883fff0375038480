"""The running applications, shared with the tests of the page."""

from tests.ui.conftest import app, caller, hosted, ledger, upstream

__all__ = ["app", "caller", "hosted", "ledger", "upstream"]
