"""``svg_to_png.py width|height PIXELS``: draw the SVG on standard input as a PNG on standard output, within limits.

Run as a file, without the rest of the product, so that it starts quickly.
"""

from __future__ import annotations

import sys
from contextlib import suppress

MOST_BYTES = 1_500_000_000  # of memory
MOST_SECONDS = 4  # of processor time

if __name__ == "__main__":
    with suppress(ImportError):  # not on Windows
        import os
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(10)

    import resvg_py

    side = {sys.argv[1]: int(sys.argv[2])}
    sys.stdout.buffer.write(bytes(resvg_py.svg_to_bytes(svg_string=sys.stdin.buffer.read().decode(), **side)))  # type: ignore[arg-type]
