"""The control beside a field for pictures: choose a file, and its web address goes into the field."""

from __future__ import annotations

from components.pictures.uploads import AFTER_S, FORMATS, LARGEST_BYTES, TOO_LARGE
from components.views.templates import render


def upload_control(refused: str, *, many: bool) -> str:
    """The control as HTML, for one file or ``many``; the sentence ``refused`` where uploads do not work here."""
    return render(
        "upload",
        refused=refused,
        many=many,
        accept=",".join(f"image/{name}" for name in FORMATS),
        largest=LARGEST_BYTES,
        megabytes=LARGEST_BYTES // 1_000_000,
        too_large=TOO_LARGE,
        minutes=f"{AFTER_S / 60:.0f}",
    )
