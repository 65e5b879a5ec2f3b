"""Whether locks hold where a SQLite file lies: where they do not, two processes write over each other unseen."""

import fcntl
import os
from pathlib import Path

from monitor.errors import Invalid

# File systems that reach other machines: their locks may hold on this one alone, or not at all.
ELSEWHERE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gpfs"})
_REMOTE = ("fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.ceph")
_MOUNTS = Path("/proc/self/mountinfo")


def refuse_unlocked(file: Path) -> None:
    """Refuse a SQLite ``file`` on a disk of the network, or where a lock held by one keeps out nobody.

    A lock that somebody else is trying at this instant counts as one that holds.
    """
    kind = kind_of(file.parent)
    if kind in ELSEWHERE or kind.startswith(_REMOTE):
        raise Invalid(
            zh=f"SQLite 数据库须放在本机磁盘上，{file.parent} 在网络文件系统（{kind}）上：请换目录或改用 PostgreSQL",
            en=f"SQLite must lie on a disk of this machine, {file.parent} lies on the network ({kind}): move "
            "LOWINCOME_HOME, or use PostgreSQL",
        )
    if not _hold(file.with_name(f"{file.name}-probe")):
        raise Invalid(
            zh=f"{file.parent} 所在的文件系统不能加锁，数据会被互相覆盖：请换到本机磁盘或改用 PostgreSQL",
            en=f"locks do not hold where {file.parent} lies, processes would write over each other: move "
            "LOWINCOME_HOME to a disk of this machine, or use PostgreSQL",
        )


def kind_of(folder: Path) -> str:
    """Return the kind of the file system that ``folder`` lies on; empty where the machine does not say."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    found = [(fields[4].replace("\\040", " "), fields[fields.index("-") + 1]) for fields in map(str.split, lines)]
    inside = [(len(place), kind) for place, kind in found if folder.resolve().is_relative_to(place)]
    return max(inside)[1] if inside else ""


def _hold(probe: Path) -> bool:
    first = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    second = os.open(probe, os.O_RDWR | os.O_CLOEXEC)
    try:
        return not (_taken(first) and _taken(second))
    except OSError:
        return False
    finally:
        os.close(second)
        os.close(first)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
