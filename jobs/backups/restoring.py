"""A backup put back into an empty place, and held against what it said of itself."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, create_engine, make_url, text

from jobs.backups import archive, committed, databases, digests
from jobs.backups.archive import Manifest
from monitor import database
from monitor.errors import Conflict, Invalid
from monitor.lake import Lake
from monitor.privacy import open_keyring
from monitor.settings import Settings


@dataclass(frozen=True)
class Restored:
    """What a backup was found to hold once it was put back; ``differences`` is empty when all is as it was."""

    manifest: Manifest
    differences: tuple[str, ...]


def restore(path: Path, settings: Settings) -> Restored:
    """Put the backup at ``path`` into the empty installation that ``settings`` names, and compare.

    ``settings.key_file`` must already be the master key under which the backup was made: no backup holds a key.
    Refuses a home that has a lake or a database, and a database that has tables; a failure leaves no database.
    """
    key = open_keyring(settings.key_file, create=False).backup_key
    _refuse_living(settings)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=settings.home, prefix=".restore-") as folder:
        aside = Path(folder)
        manifest = archive.read(path, key, into=aside)
        engine = database.connect(settings)
        try:
            databases.put_back(aside / manifest.database, engine)
            differences = compare(engine, manifest, Lake(aside / "lake"))
        finally:
            engine.dispose()
        (aside / manifest.database).unlink()
        for found in sorted(aside.iterdir()):
            found.replace(settings.home / found.name)
    return Restored(manifest, differences)


def compare(engine: Engine, manifest: Manifest, lake: Lake) -> tuple[str, ...]:
    """Return where a database and a lake differ from what the manifest says of them, in words."""
    with engine.connect().execution_options(lowincome_reading=True) as connection:
        tables = digests.of_tables(connection)
        head = digests.audit_head(connection)
        files = [path for one in committed(connection) for path in one.paths(lake)]
        connection.rollback()
    found = [
        f"表 / table {name}: {_rows(manifest, name)} -> {tables[name].rows if name in tables else '-'}"
        for name in sorted(manifest.tables.keys() | tables.keys())
        if manifest.tables.get(name) != tables.get(name)
    ]
    if head != manifest.audit_head:
        found.append("审计链末端不符 / the head of the audit chain differs")
    found += [f"缺文件 / missing {path.parent.name}/{path.name}" for path in files if not path.is_file()]
    return tuple(found)


def _rows(manifest: Manifest, name: str) -> object:
    return manifest.tables[name].rows if name in manifest.tables else "-"


def _refuse_living(settings: Settings) -> None:
    living = [name for name in ("lake", "received", "verdicts", "photos") if any((settings.home / name).glob("*"))]
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database and Path(url.database).exists():
        living.append(Path(url.database).name)
    if living:
        raise Conflict(
            zh=f"目标目录已有数据（{'、'.join(living)}），拒绝覆盖",
            en=f"the target holds an installation ({', '.join(living)}): nothing is overwritten",
        )


@contextmanager
def rehearsal(settings: Settings) -> Iterator[Settings]:
    """Make an empty place to restore into, of the same kind as the installation, gone when the block ends.

    On PostgreSQL a database of its own is made on the same server; refuses a role that may not make one.
    """
    with tempfile.TemporaryDirectory(dir=settings.backups, prefix=".drill-") as folder:
        home = Path(folder)
        here = replace(settings, home=home, database_url=f"sqlite:///{home / 'drill.db'}", backup_url=None)
        if settings.database_url.startswith("sqlite"):
            yield here
            return
        with _scratch_database(settings.backup_url or settings.database_url) as url:
            yield replace(here, database_url=url)


@contextmanager
def _scratch_database(url: str) -> Iterator[str]:
    name = f"lowincome_drill_{uuid4().hex}"
    server = create_engine(url, isolation_level="AUTOCOMMIT", hide_parameters=True)
    try:
        with server.connect() as connection:
            if not connection.scalar(text("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")):
                raise Invalid(
                    zh="演练需要可建库的角色（CREATEDB），见 LOWINCOME_BACKUP_DATABASE_URL",
                    en="a drill needs a role that may create a database: see LOWINCOME_BACKUP_DATABASE_URL",
                )
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.dispose()
