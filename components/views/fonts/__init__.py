"""The typeface of pages outside Gradio: linked where this application serves them, embedded in downloaded files.

``regular.woff2`` and ``bold.woff2`` are the Latin letters of IBM Plex Sans, 36 kB together as text. They were made with
fonttools from the files that Gradio has, and renamed, as their license (``OFL.txt``) asks::

    pyftsubset IBMPlexSans-Regular.woff2 --flavor=woff2 --layout-features=kern,tnum,liga --no-hinting --unicodes=\\
        U+20-7E,U+A0-17F,U+218-21B,U+2010-2015,U+2018-201E,U+2020-2022,U+2026,U+2030,U+2039-203A,U+20AC,U+2190-2193,\\
        U+2212,U+2264-2265,U+2713
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from components.views.links import link

FILES = {400: "Regular", 700: "Bold"}


def served_fonts(depth: int = 1) -> Mapping[int, str]:
    """The addresses of the whole typeface by weight, for a page ``depth`` folders below the application's root."""
    return {weight: link(f"/static/fonts/IBMPlexSans/IBMPlexSans-{name}.woff2", depth) for weight, name in FILES.items()}


@cache
def embedded_fonts() -> Mapping[int, str]:
    """Data URLs of its Latin letters by weight, for a file that has to do without this application."""
    data = {weight: (Path(__file__).parent / f"{name.lower()}.woff2").read_bytes() for weight, name in FILES.items()}
    return {weight: f"data:font/woff2;base64,{base64.b64encode(font).decode()}" for weight, font in data.items()}
