"""Chooses the storage backend for an address."""

from __future__ import annotations

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
        return FolderStorage(Path(path)) if is_local else RemoteStorage(system, path)
    except Exception as error:
        raise SettingsError(f"{SETTING}: cannot be used ({type(error).__name__}).") from error
