"""What the routes answer with: stored pictures, files to save, and the headers of each kind of answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from fastapi import HTTPException
from fastapi.responses import FileResponse, Response

from components.pictures.check import FORMATS

GET_AND_HEAD = ["GET", "HEAD"]
NO_STORE = {"Cache-Control": "no-store"}
# Names cannot be guessed and content never changes; no content is sniffed, and no script in an SVG runs.
PICTURE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Cache-Control": "private, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PRIVATE = PICTURE_HEADERS | {"Cache-Control": "private, no-store"}
# For whoever knows the address, and no search engine.
UNLISTED = NO_STORE | {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
MEDIA_TYPES = {name: f"image/{name}" for name in FORMATS} | {"svg": "image/svg+xml"}
NO_SUCH_PICTURE = "There is no such picture."
Member = TypeVar("Member")


def picture_response(content: Path | bytes | None, picture_format: str, headers: Mapping[str, str]) -> Response:
    """A stored picture as the response. Raises HTTPException 404 for None."""
    if content is None:
        raise HTTPException(404, NO_SUCH_PICTURE)
    media_type = MEDIA_TYPES[picture_format]
    if isinstance(content, Path):
        return FileResponse(content, media_type=media_type, headers=headers)
    return Response(content, media_type=media_type, headers=dict(headers))


def attachment(name: str) -> dict[str, str]:
    """The header that makes a browser save the answer under this name, which is ASCII without quotes."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def numbered(members: Sequence[Member], number: str) -> Member | None:
    """The member that a number in an address stands for, counted from 1; None for anything else."""
    position = int(number) if number.isascii() and number.isdecimal() and len(number) < 5 else 0
    return members[position - 1] if 0 < position <= len(members) else None
