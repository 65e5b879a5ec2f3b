"""The drill: the newest backup is put back somewhere else and compared, before anybody needs it."""

from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

from jobs.backups import standing
from jobs.backups.restoring import Restored, rehearsal, restore
from monitor.errors import Invalid
from monitor.service import Service


def drill(service: Service, as_of: date, *, archive: Path | None = None) -> dict[str, Any]:
    """Restore the newest backup, or ``archive``, into a temporary place and compare: the job of the timetable.

    Every table's rows, every file's hash and the head of the audit chain must be as when the backup was made.
    Refuses, naming the differences, when one is not, and when there is no backup at all. ``as_of`` is the
    logical date only.
    """
    found = standing(service.settings.backups)
    if archive is None and not found:
        raise Invalid(zh="没有任何备份可演练", en="there is no backup to rehearse with")
    path, began = archive or found[0], monotonic()
    service.settings.backups.mkdir(parents=True, exist_ok=True, mode=0o700)
    with rehearsal(service.settings) as place:
        done = restore(path, place)
    if done.differences:
        said = "; ".join(done.differences[:5])
        raise Invalid(zh=f"恢复演练发现差异：{said}", en=f"the restored copy differs: {said}")
    return _counts(path, done, monotonic() - began)


def _counts(path: Path, done: Restored, seconds: float) -> dict[str, Any]:
    return {
        "archive": path.name, "bytes": path.stat().st_size, "files": len(done.manifest.files),
        "tables": len(done.manifest.tables), "rows": done.manifest.rows, "audit_head": done.manifest.audit_head,
        "seconds": round(seconds, 3),
    }  # fmt: skip
