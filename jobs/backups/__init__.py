"""Backups: one sealed archive of the database, the lake's committed facts and what deliveries left behind."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, column, select, table

from jobs import anchor
from jobs.backups import archive, databases, digests
from jobs.backups.archive import Manifest, Packing
from monitor import database
from monitor.errors import Invalid
from monitor.lake import Lake
from monitor.service import Service
from monitor.tables import utc_now

KEEP = 14
ENDING = ".lowincome-backup"
FOLDERS = ("verdicts", "received", "photos")


@dataclass(frozen=True)
class Backup:
    """A backup that was written and read back whole."""

    path: Path
    bytes: int
    manifest: Manifest


def backup(service: Service, as_of: date, *, to: Path | None = None, keep: int = KEEP) -> dict[str, Any]:
    """Make one backup, read it back, and remove all but the newest ``keep``: the job of the timetable.

    ``as_of`` is the logical date only; a backup always holds the present. Returns the counts for the ledger.
    """
    made = back_up(service, to=to)
    gone = thin(made.path.parent, keep=keep)
    anchor.after(service, as_of, why="backup")
    return {
        "archive": made.path.name, "bytes": made.bytes, "files": len(made.manifest.files),
        "tables": len(made.manifest.tables), "rows": made.manifest.rows, "audit_head": made.manifest.audit_head,
        "removed": len(gone),
    }  # fmt: skip


def back_up(service: Service, *, to: Path | None = None) -> Backup:
    """Write a sealed archive of the installation into the folder ``to`` and verify it by reading it whole.

    The database is copied as of one instant while others write; the lake's files are those its own deliveries
    name, each held against the hash of its delivery. Refuses, and leaves nothing, when one is missing or altered.
    """
    folder = to or service.settings.backups
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{utc_now():%Y%m%dT%H%M%S%fZ}{ENDING}"
    with (
        _source(service) as engine,
        tempfile.TemporaryDirectory(dir=folder, prefix=".copy-") as aside,
        databases.copied(engine, Path(aside)) as copy,
    ):
        archive.write(path, service.keyring.backup_key, lambda packing: _pack(service, packing, copy))
    return Backup(path, path.stat().st_size, archive.read(path, service.keyring.backup_key))


def thin(folder: Path, *, keep: int) -> list[Path]:
    """Remove all but the newest ``keep`` backups of a folder; returns those removed."""
    if keep < 1:
        raise Invalid(zh="至少保留一份备份", en="at least one backup must be kept")
    old = standing(folder)[keep:]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def standing(folder: Path) -> list[Path]:
    """Return the backups in ``folder``, newest first."""
    return sorted(folder.glob(f"*{ENDING}"), key=lambda path: path.name, reverse=True)


@contextmanager
def _source(service: Service) -> Iterator[Engine]:
    """The engine to copy from: the backup role's where the application's may not see every row."""
    if service.settings.backup_url is None:
        yield service.engine
        return
    engine = database.connect(replace(service.settings, database_url=service.settings.backup_url))
    try:
        yield engine
    finally:
        engine.dispose()


def _pack(service: Service, packing: Packing, copy: databases.Copy) -> Manifest:
    packing.add(copy.path, copy.name)
    _pack_lake(service, packing, copy.connection)
    for name in FOLDERS:
        folder = service.settings.home / name
        for path in sorted(folder.glob("*")):
            if path.is_file() and path.suffix != ".writing":
                with suppress(FileNotFoundError):  # decided and destroyed meanwhile
                    packing.add(path, f"{name}/{path.name}")
    return Manifest(
        made_at=utc_now().isoformat(),
        database=copy.name,
        revision=MigrationContext.configure(copy.connection).get_current_revision() or "",
        audit_head=digests.audit_head(copy.connection),
        tables=digests.of_tables(copy.connection),
    )


def _pack_lake(service: Service, packing: Packing, connection: Connection) -> None:
    """The copy's own list of deliveries says which files exist; one not as it was committed stops the backup."""
    for one in committed(connection):
        together = hashlib.sha256()
        for path in one.paths(Lake(service.lake)):
            if not path.is_file():
                raise _not_as_committed(one, path, "不见了", "is missing")
            together.update(bytes.fromhex(packing.add(path, f"lake/{one.feed}/{path.name}")))
        if one.sha256 is not None and together.hexdigest() != one.sha256:
            raise _not_as_committed(one, Lake(service.lake).facts_path(one.feed, one.seq), "已被改动", "was altered")


def _not_as_committed(one: "Committed", path: Path, zh: str, en: str) -> Invalid:
    return Invalid(
        zh=f"明细文件 {one.feed}/{path.name} {zh}，备份中止",
        en=f"the lake's file {one.feed}/{path.name} {en}: no backup was made",
    )


@dataclass(frozen=True)
class Committed:
    """A committed delivery, as far as its files in the lake are concerned."""

    feed: str
    seq: int
    has_facts: bool
    has_gone: bool
    sha256: str | None

    def paths(self, lake: Lake) -> list[Path]:
        """Return the files that must be there, in the order in which their hash was made."""
        facts = [lake.facts_path(self.feed, self.seq)] if self.has_facts else []
        return facts + ([lake.gone_path(self.feed, self.seq)] if self.has_gone else [])


def committed(connection: Connection) -> list[Committed]:
    """Return every committed delivery in the order of knowledge."""
    names = ("feed", "seq", "status", "facts", "gone", "lake_sha256")
    named = table("deliveries", *(column(name) for name in names))
    rows = connection.execute(select(named).where(named.c.status == "committed").order_by(named.c.seq))
    return [Committed(row.feed, row.seq, row.facts > 0, row.gone > 0, row.lake_sha256) for row in rows]
