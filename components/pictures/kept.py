"""The record of a result that this app has stored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KeptPicture:
    """A result that is kept. ``name`` is content hash and extension, ``format`` one of png jpeg webp svg.

    Width and height are pixels as decoded, ``size`` is bytes, ``source`` the address it came from ("" where
    it came inside the reply).
    """

    name: str
    width: int
    height: int
    format: str
    size: int
    source: str
