"""What a folder is mounted from, and what that promises: whether files outlive a restart, whether a database may be there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")  # Linux; elsewhere nothing is known
MEMORY = frozenset({"tmpfs", "ramfs", "memory"})
CONTAINER = frozenset({"overlay", "aufs", "fuse.fuse-overlayfs"})  # deleted with the container
NETWORK = ("nfs", "cifs", "smb")
LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuse.grpcfuse", "fuse.osxfs"})  # a container's own disk, or its host's


@dataclass(frozen=True)
class Disk:
    """A mount point, and the kind of file system there; "" where that is not known."""

    mount: str = ""
    kind: str = ""

    @property
    def durable(self) -> bool:
        """Whether files outlive a restart of the machine or container."""
        return self.kind not in MEMORY | CONTAINER

    @property
    def holds_databases(self) -> bool:
        """Whether a committed transaction is on disk: a mounted bucket stores a file when it is closed, or later."""
        bucket = self.kind == "fuse" or self.kind.startswith("fuse.")
        return not (bucket and self.kind not in LOCAL_FUSE) and not self.kind.startswith(NETWORK)


def disk_of(folder: Path, mounts: Path = MOUNTS) -> Disk:
    """The disk that a folder is on; ``mounts`` is the kernel's list of them."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return Disk()
    path, disk = folder.resolve(), Disk()
    for _, escaped, kind, *_ in (line.split(" ") for line in lines):
        mount = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), escaped)
        if path.is_relative_to(mount) and len(mount) >= len(disk.mount):  # of two on the same point the later one counts
            disk = Disk(mount, kind)
    return disk
