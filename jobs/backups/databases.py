"""One consistent copy of the operational database while others write, and back again."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text

from monitor.errors import Conflict, Invalid

SQLITE, POSTGRESQL = "database.sqlite", "database.dump"


@dataclass(frozen=True)
class Copy:
    """A copy of the database in a file, and a connection that sees exactly what the copy holds."""

    path: Path
    name: str
    connection: Connection


@contextmanager
def copied(engine: Engine, folder: Path) -> Iterator[Copy]:
    """Copy the database into ``folder`` as of one instant, without stopping anybody's writing."""
    copy = _copied_sqlite if engine.dialect.name == "sqlite" else _dumped
    with copy(engine, folder) as made:
        yield made


@contextmanager
def _copied_sqlite(engine: Engine, folder: Path) -> Iterator[Copy]:
    path = folder / SQLITE
    with closing(sqlite3.connect(path)) as target:
        with engine.connect().execution_options(lowincome_reading=True) as source:
            driver = source.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for the type checker: the dialect says so
            source.rollback()
            driver.backup(target)  # in one step: it reads one snapshot and starts over for nobody
        target.execute("PRAGMA journal_mode = DELETE")
    path.chmod(0o600)
    made = create_engine(f"sqlite:///{path}")
    try:
        with made.connect() as connection:
            yield Copy(path, SQLITE, connection)
    finally:
        made.dispose()


@contextmanager
def _dumped(engine: Engine, folder: Path) -> Iterator[Copy]:
    """The dump and the digests read one exported snapshot."""
    path = folder / POSTGRESQL
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        _run(engine, "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={path}", "--no-owner")
        path.chmod(0o600)
        yield Copy(path, POSTGRESQL, connection)


def put_back(path: Path, engine: Engine) -> None:
    """Fill the empty database of ``engine`` from a copy; refuses one that has tables, or another kind of copy."""
    if engine.dialect.name != ("sqlite" if path.name == SQLITE else "postgresql"):
        raise Invalid(
            zh="备份来自另一种数据库（SQLite 与 PostgreSQL 不能互换）",
            en="the backup is of the other kind of database (SQLite and PostgreSQL are not interchangeable)",
        )
    if engine.dialect.name == "sqlite":
        _put_back_sqlite(path, Path(str(engine.url.database)))
        return
    with engine.connect() as connection:
        taken = connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"))
    if taken:
        raise Conflict(zh="目标数据库不是空库，拒绝覆盖", en="the target database is not empty: nothing is overwritten")
    listed = path.with_name(path.name + ".list")
    listed.write_text(_restorable(engine, path), encoding="utf-8")
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", f"--use-list={listed}")
    _run(engine, "pg_restore", *options, "--dbname", "", str(path))
    listed.unlink()


def _restorable(engine: Engine, path: Path) -> str:
    """Everything in the dump but what the administrator installs: the extension that checks pages."""
    listed = _run(engine, "pg_restore", "--list", str(path), quiet=True)
    return "\n".join(line for line in listed.splitlines() if " EXTENSION " not in line or "amcheck" not in line) + "\n"


def _put_back_sqlite(path: Path, to: Path) -> None:
    if to.exists():
        raise Conflict(zh=f"{to.name} 已存在，拒绝覆盖", en=f"{to.name} exists: nothing is overwritten")
    to.parent.mkdir(parents=True, exist_ok=True)
    aside = to.with_name(to.name + ".restoring")
    shutil.copyfile(path, aside)
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    aside.replace(to)


def program(name: str) -> str:
    """Return where one of PostgreSQL's programs lies: on the path, or the newest the distribution installed."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: _version(path.parts[-3]))
    found = str(installed[-1]) if installed else shutil.which(name)
    if found is None:
        raise Invalid(zh=f"找不到 {name}：请安装 PostgreSQL 客户端", en=f"{name} is not installed: PostgreSQL's client")
    return found


def _version(folder: str) -> int:
    return int(folder) if folder.isdigit() else 0


def _run(engine: Engine, name: str, *arguments: str, quiet: bool = False) -> str:
    """Run one of PostgreSQL's programs and return what it says; the password goes by its environment, unseen.

    It is told the database, in the place of an empty argument or first of all, unless ``quiet``.
    """
    where_to, environment = address(make_url(engine.url))
    given = [where_to if one == "" else one for one in arguments]
    where = [] if quiet or "" in arguments else ["--dbname", where_to]
    ended = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [program(name), *([] if quiet else ["--no-password"]), *where, *given],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        kind = ended.stderr.strip().splitlines()
        first = kind[0] if kind else ""
        raise Invalid(zh=f"{name} 失败：{first}", en=f"{name} failed: {first}")
    return ended.stdout


def address(url: URL) -> tuple[str, dict[str, str]]:
    """Return the address that PostgreSQL's programs take, and the environment that holds its password."""
    environment = dict(os.environ)
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    plain = URL.create(
        "postgresql", username=url.username, host=url.host, port=url.port, database=url.database, query=url.query
    )
    return plain.render_as_string(hide_password=False), environment


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
