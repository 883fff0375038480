"""Syntax highlighting of code as HTML, coloured by assets/style/base.css."""

from __future__ import annotations

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

_SPANS = HtmlFormatter(nowrap=True, classprefix="code-")


def highlighted(text: str, lexer: str) -> Markup:
    """``text`` escaped, with a class on each comment, string and keyword. ``lexer`` is a name that Pygments knows."""
    return Markup(highlight(text, get_lexer_by_name(lexer, stripnl=False, ensurenl=False), _SPANS))  # noqa: S704 - escaped by Pygments
