"""HTML with every value escaped. Values never go through a component's own ``html_template``.

Gradio runs the result of an ``html_template`` as a JavaScript template literal after Handlebars has escaped
it for HTML: a prompt that holds ``${…}`` would be executed in the visitor's browser. A plain ``value`` is not.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from components.catalog.prices import credits_text, usd_text
from components.views import links, words

_SPANS = HtmlFormatter(nowrap=True, classprefix="code-")  # coloured by assets/style/base.css


def highlighted(text: str, lexer: str) -> Markup:
    """``text`` escaped, with a class on each comment, string and keyword. ``lexer`` is a name that Pygments knows."""
    return Markup(highlight(text, get_lexer_by_name(lexer, stripnl=False, ensurenl=False), _SPANS))  # noqa: S704 - escaped by Pygments


_environment = Environment(
    loader=PackageLoader("components.views"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "state": words.state_word,
    "tone": words.tone,
    "credits": credits_text,
    "usd": usd_text,
    "seconds": words.seconds_text,
    "run_seconds": words.run_seconds,
    "utc": words.utc,
    "setting": words.setting_text,
    "settings": words.settings_text,
    "delivered": words.delivered_text,
    "file_size": words.file_text,
    "picture": links.picture_link,
    "thumbnail": links.thumbnail_link,
    "middle": words.middle_cut,
    "compact": words.is_compact,
    "tags": words.tags_of,
    "highlighted": highlighted,
    "json": partial(json.dumps, indent=2, ensure_ascii=False),
}
_environment.globals |= {
    "price_of": words.price_of,
    "model_name": words.model_name,
    "expected_text": words.expected_text,
    "download_link": links.download_link,
    "reply_link": links.reply_link,
}


def render(template: str, /, **values: Any) -> str:
    """The template file ``template``.html with these values as escaped HTML."""
    return _environment.get_template(f"{template}.html").render(values)


def icon(name: str) -> Markup:
    """The drawing icons/``name``.svg, as markup; a plain picture where there is none of this name."""
    names = [f"icons/{name}.svg", "icons/model.svg"]
    return Markup(_environment.select_template(names).render())  # noqa: S704  # files of ours without values


_environment.filters["icon"] = icon
