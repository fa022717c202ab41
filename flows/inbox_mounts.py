"""Which folders lie on file systems that tell nothing of changes made elsewhere, from the kernel's list of mounts."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

# Types of file systems whose files other machines (or a host outside this one's kernel) change without our being told.
REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gfs2", "ocfs2"}
    | {"ncpfs", "coda", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "fuse"}
)
MOUNTINFO = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(r"\\([0-7]{3})")


def read_mountinfo() -> str:
    """The kernel's list of mounts; empty where there is none (not Linux)."""
    return MOUNTINFO.read_text("utf-8", "surrogateescape") if MOUNTINFO.exists() else ""


def remote_parts(mountinfo: str, root: Path) -> list[Path]:
    """``root`` itself where it lies on a remote file system, else the remote mount points below it, sorted."""
    mounts: dict[PurePosixPath, str] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, kind = left.split(" "), right.split(" ")[0]
        if len(fields) > 4 and kind:
            mounts[PurePosixPath(_ESCAPE.sub(lambda m: chr(int(m[1], 8)), fields[4]))] = kind  # a later mount covers
    here = PurePosixPath(root)
    holder = max((m for m in mounts if m == here or m in here.parents), key=lambda m: len(m.parts), default=None)
    if holder is not None and is_remote(mounts[holder]):
        return [root]
    return sorted(Path(m) for m, kind in mounts.items() if here in m.parents and is_remote(kind))


def is_remote(kind: str) -> bool:
    """Whether a file system's type is remote; ``fuse.sshfs`` counts by what stands before the dot."""
    return kind.split(".")[0] in REMOTE
