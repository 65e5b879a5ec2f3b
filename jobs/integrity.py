"""Whether what is stored is still what was written: the database's pages, the lake's files."""

import hashlib
import os
import random
import sqlite3
import subprocess
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, make_url

from jobs.backups import Committed, committed, databases
from monitor.errors import Invalid
from monitor.lake import Lake
from monitor.service import Service
from monitor.settings import Settings

SAMPLE = 50


def integrity(service: Service, as_of: date) -> dict[str, Any]:
    """Check the database's pages and every committed file of the lake: the job of the timetable.

    Refuses, naming what is broken. ``as_of`` is the logical date only.
    """
    _refuse(database_whole(service.settings))
    looked, altered = lake_whole(service.settings, service.engine, sample=None)
    _refuse(altered)
    return {"deliveries": looked}


def _refuse(found: list[str]) -> None:
    if found:
        said = "; ".join(found[:5])
        raise Invalid(zh=f"存储损坏：{said}", en=f"what is stored is damaged: {said}")


def database_whole(settings: Settings) -> list[str]:
    """Return what SQLite's quick_check or PostgreSQL's pg_amcheck finds wrong; nothing when all is well.

    Refuses where the role may not look.
    """
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        return _quick_check(Path(str(url.database)))
    return _amcheck(settings)


def _quick_check(path: Path) -> list[str]:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(10)")]
    except sqlite3.DatabaseError as error:
        return [f"SQLite: {error}"]
    return [] if said == ["ok"] else said


def _amcheck(settings: Settings) -> list[str]:
    """Needs the extension amcheck, which the script of ``lowincome roles`` creates; its lack is said as such."""
    address, environment = databases.address(make_url(settings.backup_url or settings.database_url))
    ended = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [databases.program("pg_amcheck"), "--no-password", "--heapallindexed", address],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    if any("permission denied for function" in line for line in said):
        raise Invalid(
            zh="数据页检查须用备份账号：请设置 LOWINCOME_BACKUP_DATABASE_URL（见 lowincome roles）",
            en="looking for damaged pages takes the backup role: set LOWINCOME_BACKUP_DATABASE_URL (lowincome roles)",
        )
    return said[:10] if ended.returncode else []


def lake_whole(settings: Settings, engine: Engine, *, sample: int | None = SAMPLE) -> tuple[int, list[str]]:
    """Return how many deliveries were looked at and which files are missing, empty or not as committed.

    All files must be there; the hashes of the newest and of some others, ``sample`` in all, are worked out
    (None: of every one).
    """
    with engine.connect().execution_options(lowincome_reading=True) as connection:
        known = committed(connection)
        connection.rollback()
    lake = Lake(settings.lake)
    gone = [
        f"{one.feed}/{path.name} 缺失 missing"
        for one in known
        for path in one.paths(lake)
        if not path.is_file() or not path.stat().st_size
    ]
    chosen = known if sample is None else _some(known, sample)
    altered = [f"{one.feed}/{one.seq} 被改动 altered" for one in chosen if not _as_committed(one, lake)]
    return len(chosen), sorted({*gone, *altered})


def _some(known: list[Committed], most: int) -> list[Committed]:
    newest, others = known[-(most // 2) :], known[: -(most // 2)]
    return [*newest, *random.Random(os.urandom(8)).sample(others, min(len(others), most - len(newest)))]  # noqa: S311


def _as_committed(one: Committed, lake: Lake) -> bool:
    paths = one.paths(lake)
    if one.sha256 is None or not all(path.is_file() for path in paths):
        return True
    together = hashlib.sha256()
    for path in paths:
        together.update(bytes.fromhex(databases.sha256(path)))
    return together.hexdigest() == one.sha256
