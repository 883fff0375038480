"""HTML with every value escaped. Values never go through a component's own ``html_template``.

Gradio runs the result of an ``html_template`` as a JavaScript template literal after Handlebars has escaped
it for HTML: a prompt that holds ``${…}`` would be executed in the visitor's browser. A plain ``value`` is not.
"""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_environment = Environment(
    loader=PackageLoader("components.views"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, /, **values: Any) -> str:
    """The template file ``template``.html with these values as escaped HTML."""
    return _environment.get_template(f"{template}.html").render(values)
