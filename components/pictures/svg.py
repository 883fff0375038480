"""Rasterize an untrusted SVG in a subprocess, within limits.

A few hundred bytes can hang the renderer, exhaust the memory or crash the process, and the renderer opens local files that
an ``href`` names. So it runs in a subprocess, and such references are removed first.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from components.pictures.check import svg_size

SVG_TO_PNG = Path(__file__).with_name("svg_to_png.py")
LONGEST_S = 20.0  # on a busy machine; the program limits its own processor time
EXTERNAL_HREF = re.compile(
    r"""(\bhref\s*=\s*)(["'])(?!\s*(?:#|data:)).*?\2""", re.S
)  # an href that is neither "#id" nor "data:"


def rasterize(svg: bytes, size: tuple[int, int]) -> bytes:
    """An SVG as PNG that fits into ``size``. Blocks. Raises ValueError if it cannot be drawn within the limits."""
    text = EXTERNAL_HREF.sub(r"\1\2\2", svg.decode("utf-8", "replace"))
    width, height = svg_size(svg)
    side = ("height", size[1]) if height * size[0] > width * size[1] else ("width", size[0])
    command = [sys.executable, "-I", str(SVG_TO_PNG), *map(str, side)]
    try:
        drawn = subprocess.run(command, input=text.encode(), capture_output=True, timeout=LONGEST_S, check=False, env={})  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ValueError("the SVG takes too long to draw") from error
    if drawn.returncode or not drawn.stdout:
        raise ValueError("the SVG cannot be drawn")
    return drawn.stdout
