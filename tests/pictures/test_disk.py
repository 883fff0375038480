"""What the kernel's list of mounts says of a folder: whether it outlives a restart, and whether a database may be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.errors import SettingsError
from components.jobs.store.engine import open_database
from components.pictures.storage.disk import Disk, disk_of
from components.pictures.storage.folder import FolderStorage
from components.pictures.storage.opening import check_storage

MOUNTS = r"""overlay / overlay rw,relatime,lowerdir=/var/lib/docker 0 0
proc /proc proc rw 0 0
/dev/sda1 /data ext4 rw 0 0
hf-mount /data/bucket fuse rw,nosuid 0 0
s3fs /mnt/with\040blank fuse.s3fs rw 0 0
localhost:/ /mnt/nfs nfs4 rw,vers=4.2 0 0
//server/share /mnt/share cifs rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
/dev/sdb1 /mnt/usb fuseblk rw 0 0
grpcfuse /host fuse.grpcfuse rw 0 0
tmpfs /twice tmpfs rw 0 0
/dev/sdc1 /twice xfs rw 0 0
"""
# A folder, its mount, whether it is durable, whether it holds databases.
FOLDERS = [
    ("/home/app/data", "/", False, True),
    ("/data/playground", "/data", True, True),
    ("/database", "/", False, True),
    ("/data/bucket/deep/data", "/data/bucket", True, False),
    ("/mnt/with blank/data", "/mnt/with blank", True, False),
    ("/mnt/nfs", "/mnt/nfs", True, False),
    ("/mnt/share/data", "/mnt/share", True, False),
    ("/dev/shm/data", "/dev/shm", False, True),
    ("/mnt/usb/data", "/mnt/usb", True, True),
    ("/host/data", "/host", True, True),
    ("/twice/data", "/twice", True, True),
]


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    file = tmp_path / "mounts"
    file.write_text(MOUNTS)
    return file


@pytest.mark.parametrize(("folder", "mount", "durable", "database"), FOLDERS)
def test_a_folder_is_judged_by_the_nearest_mount(
    folder: str, mount: str, durable: bool, database: bool, mounts: Path
) -> None:
    disk = disk_of(Path(folder), mounts)

    assert (disk.mount, disk.durable, disk.holds_databases) == (mount, durable, database)


def test_this_machine_has_a_durable_disk_and_one_in_memory() -> None:
    """Without such a list nothing is known, and nothing is refused."""
    assert disk_of(Path("/dev/shm")) == Disk("/dev/shm", "tmpfs")
    unknown = disk_of(Path("/"), Path("/no/such/list"))
    assert (unknown, unknown.durable, unknown.holds_databases) == (Disk(), True, True)


def test_sqlite_is_refused_on_a_mounted_bucket_in_one_line(tmp_path: Path) -> None:
    """Before any file is made there; PostgreSQL is named as the way out."""
    folder = tmp_path / "bucket"
    mounts = tmp_path / "mounts"
    mounts.write_text(f"{MOUNTS}hf-mount {folder} fuse.hf-mount rw 0 0\n")
    with pytest.raises(SettingsError) as refusal:
        open_database(f"sqlite:///{folder}/playground.db", mounts=mounts)

    message = str(refusal.value)
    assert [word for word in ("PLAYGROUND_DATABASE_URL", str(folder), "hf-mount", "PostgreSQL") if word not in message] == []
    assert "\n" not in message
    assert not folder.exists()
    mounts.write_text(MOUNTS)
    open_database(f"sqlite:///{folder}/playground.db", mounts=mounts).close()


class Forgetful(FolderStorage):
    """A file system that accepts every write and keeps other bytes."""

    def put(self, name: str, data: bytes) -> None:
        super().put(name, bytes(len(data)))


def test_a_storage_that_gives_back_other_bytes_is_noticed(tmp_path: Path) -> None:
    """The check leaves no file behind, whether it fails or not."""
    with pytest.raises(OSError, match="cannot be read back"):
        check_storage(Forgetful(tmp_path))
    check_storage(FolderStorage(tmp_path))

    assert list(tmp_path.iterdir()) == []
