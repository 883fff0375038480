"""Chooses the storage backend for an address, and checks that it stores what it is given."""

from __future__ import annotations

import secrets
from pathlib import Path

from fsspec.core import url_to_fs

from components.errors import SettingsError
from components.pictures.storage.base import PictureStorage
from components.pictures.storage.folder import FolderStorage
from components.pictures.storage.remote import RemoteStorage

SETTING = "PLAYGROUND_IMAGES_URL"


def open_storage(address: str) -> PictureStorage:
    """The storage at an fsspec URL such as ``s3://bucket/pictures`` or ``file:///srv/pictures``.

    Raises:
        SettingsError: it cannot be used, with the reason and never with a secret of the URL.
    """
    try:
        # Without its cache of listings, which does not know what another process has stored since.
        system, path = url_to_fs(address, use_listings_cache=False)
    except ImportError as error:
        raise SettingsError(f"{SETTING}: {error}.") from error
    except Exception as error:  # a backend raises anything for a bad URL
        raise SettingsError(f"{SETTING}: cannot be used ({type(error).__name__}).") from error
    is_local = "file" in (system.protocol if isinstance(system.protocol, tuple | list) else [system.protocol])
    try:
        storage: PictureStorage = FolderStorage(Path(path)) if is_local else RemoteStorage(system, path)
        check_storage(storage)
        return storage
    except Exception as error:
        raise SettingsError(f"{SETTING}: cannot be used ({type(error).__name__}).") from error


def check_storage(storage: PictureStorage) -> None:
    """Write a file, read it back and delete it. Raises what the backend raises, OSError if the file is another one."""
    name, data = f"check-{secrets.token_hex(8)}", secrets.token_bytes(64)
    storage.put(name, data)
    stored = storage.read(name)
    same = (stored.read_bytes() if isinstance(stored, Path) else stored) == data
    storage.remove(name)
    if not same:
        raise OSError(None, "a file that was written there cannot be read back")
