"""The record of a stored result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StoredPicture:
    """A stored result. ``name`` is its content hash with extension, ``format`` one of png jpeg webp gif avif svg.

    Width and height are pixels as a viewer turns the picture (0 for an SVG that states none), ``size`` is bytes,
    ``source`` the address it was downloaded from ("" if it was inside the reply).
    """

    name: str
    width: int
    height: int
    format: str
    size: int
    source: str
