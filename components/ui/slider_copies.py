"""Files of kept pictures for ``gr.ImageSlider``, which reads files alone, wherever the pictures themselves lie."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import stat
import tempfile
import time
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from gradio.utils import get_upload_folder

from components.pictures.library import PictureLibrary

PREFIX = "playground-slider-"
COPIES_GO_S = 3600

log = logging.getLogger(__name__)


class SliderCopies:
    """Copies in a folder of this process's own. Close it at the end: what a killed process leaves goes with the next sweep.

    Each time one is asked for, those go that nobody has asked for in COPIES_GO_S.
    """

    def __init__(self) -> None:
        # Made here and not at the first picture: two that were the first at once had a folder each, and one was deleted.
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.close = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    async def get(self, pictures: PictureLibrary, name: str) -> str | None:
        """The path of a copy; None where the picture is not kept any more, or cannot be copied."""
        found = await pictures.read(name)
        try:
            return str(await asyncio.to_thread(self._copy, found, name)) if found is not None else None
        except OSError:
            log.exception("picture %s cannot be copied for the slider", name)
            return None

    async def forget(self, names: Iterable[str]) -> None:
        """Delete what the slider, and Gradio for it, keep of these pictures: whoever deletes one wants it gone."""
        await asyncio.to_thread(self._forget, list(names))

    def _copy(self, found: Path | bytes, name: str) -> Path:
        target = self._folder / name
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):
            os.utime(target)
        self._sweep()
        if not target.exists():
            data = found if isinstance(found, bytes) else found.read_bytes()
            with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".part", delete=False) as part:
                part.write(data)
            Path(part.name).replace(target)
        return target

    def _sweep(self) -> None:
        """Also what others like this one have left. A folder that is not this user's own is not looked into."""
        now, own = time.time(), self._folder.lstat().st_uid
        for folder in self._folder.parent.glob(f"{PREFIX}*"):
            with suppress(OSError):
                status = folder.lstat()
                if status.st_uid != own or not stat.S_ISDIR(status.st_mode):
                    continue
                for copy in folder.iterdir():
                    if now - copy.lstat().st_mtime > COPIES_GO_S:
                        copy.unlink()
                if folder != self._folder and now - status.st_mtime > COPIES_GO_S:
                    folder.rmdir()  # where it holds nothing any more; a process that lives makes it anew

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            for copy in (self._folder / name, *Path(get_upload_folder()).glob(f"*/{name}")):
                copy.unlink(missing_ok=True)


COPIES = SliderCopies()
