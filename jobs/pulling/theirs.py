"""What another database holds, read once through and written as a delivery's file; nothing is ever written there."""

import csv
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine, Row, Select, create_engine, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from jobs.pulling.sources import Source, written
from jobs.pulling.troubles import closed_to_us, no_address, undecoded, words_of

MOST = 500_000
AT_ONCE = 10_000
# A server that falls silent must not keep the night waiting: by default a driver waits for hours.
PATIENCE = {"connect_timeout": 15, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_LIMITS = ("SET LOCAL lock_timeout = '60s'", "SET LOCAL statement_timeout = '20min'")


@dataclass(frozen=True)
class Portion:
    """What one reading found: how many rows go into the file, and the digest of those near its end."""

    rows: int
    edge: str | None


@contextmanager
def reading(source: Source) -> Iterator[Connection]:
    """One snapshot, in a transaction that the server itself keeps from writing.

    Raises ``Unread``, in words, for whatever goes wrong there: what is done inside must touch nothing else.
    """
    engine = _engine(source)
    try:
        with _snapshot(source, engine) as there:
            yield there
    except (SQLAlchemyError, UnicodeError) as error:
        raise words_of(source, engine, error) from None
    finally:
        engine.dispose()


def _engine(source: Source) -> Engine:
    try:
        if source.url_file.stat().st_mode & 0o077:
            raise closed_to_us(source)
        url = source.url_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise no_address(source, type(error).__name__) from None
    try:
        patience = PATIENCE if url.startswith("postgresql") else {}
        return create_engine(url, hide_parameters=True, connect_args=patience)
    except (SQLAlchemyError, ImportError) as error:
        raise no_address(source, type(error).__name__) from None


@contextmanager
def _snapshot(source: Source, engine: Engine) -> Iterator[Connection]:
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _connected(source, engine).execution_options(**options) as connection:
        for limit in _LIMITS if engine.dialect.name == "postgresql" else ():
            connection.execute(text(limit))
        if engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA query_only = ON"))
        yield connection
        connection.rollback()


def _connected(source: Source, engine: Engine) -> Connection:
    try:
        return engine.connect()
    except TypeError:  # a database without an encoding: even its version comes as bytes
        raise undecoded(source) from None


def end_of(there: Connection, source: Source, start: str | None) -> str | None:
    """Return the mark at which this reading ends: after at most half a million rows, never between equal marks."""
    mark = source.rows.c[source.watermark]
    after = () if start is None else (mark > source.value(start),)
    asked = select(mark).where(*after, mark.is_not(None))
    nth = there.scalar(asked.order_by(mark).offset(MOST - 1).limit(1))
    last = nth if nth is not None else there.scalar(asked.order_by(mark.desc()).limit(1))
    return start if last is None else written(last)


def unmarked(there: Connection, source: Source) -> int:
    """Return how many rows carry no mark: no reading will ever find them."""
    rows = source.rows
    missing = select(func.count()).select_from(rows).where(rows.c[source.watermark].is_(None))
    return there.scalar(missing) or 0


def write_whole(there: Connection, source: Source, path: Path) -> Portion:
    """Write the whole relation as a file, in an order of its own: the same rows always make the same file."""
    rows, count = source.rows, 0
    wanted = [rows.c[theirs] for theirs in source.columns.values()]
    with path.open("wb") as file:
        file.write(_line(source, list(source.columns)))
        for row in _streamed(there, select(*wanted).order_by(*wanted)):
            file.write(_line(source, row))
            count += 1
    return Portion(count, None)


def write_new(
    there: Connection, source: Source, path: Path, *, start: str | None, edge: str | None, end: str
) -> Portion:
    """Write what came after ``start`` up to ``end`` and, where rows came late, what lies shortly before it again.

    Rows shortly before ``start`` are read again; only if they are no longer as ``edge`` says of the reading before
    do they go into the file, where those that were taken in already say nothing new.
    """
    first, last = None if start is None else source.value(start), source.value(end)
    late, late_rows, new_rows, near = hashlib.sha256(), 0, 0, hashlib.sha256()
    with path.open("wb") as file:
        top = file.write(_line(source, list(source.columns)))
        for mark, *cells in _streamed(there, _window(source, first, last)):
            at, line = source.value(written(mark)), _line(source, cells)
            if not _before(source, at, source.floor(last)):
                near.update(_stamped(at, line))
            if first is not None and not _before(source, first, at):
                late.update(_stamped(at, line))
                late_rows += 1
            elif (new_rows := new_rows + 1) == 1:
                late_rows = _unless_known(file, top, late_rows, known=late.hexdigest() == edge)
            file.write(line)
        if not new_rows:
            late_rows = _unless_known(file, top, late_rows, known=late.hexdigest() == edge)
    return Portion(late_rows + new_rows, near.hexdigest())


def _unless_known(file: BinaryIO, top: int, rows: int, *, known: bool) -> int:
    """Take back the rows written so far if all of them are known; returns how many stand in the file."""
    if not known:
        return rows
    file.seek(top)
    file.truncate()
    return 0


def _window(source: Source, first: Any, last: Any) -> Select[*tuple[Any, ...]]:
    rows = source.rows
    mark, wanted = rows.c[source.watermark], [rows.c[theirs] for theirs in source.columns.values()]
    inside = (mark <= last,) if first is None else (mark >= source.floor(first), mark <= last)
    return select(mark, *wanted).where(*inside).order_by(mark, *wanted)


def _streamed(there: Connection, asked: Select[*tuple[Any, ...]]) -> Iterator[Row[*tuple[Any, ...]]]:
    yield from there.execution_options(yield_per=AT_ONCE).execute(asked)


def _before(source: Source, one: Any, other: Any) -> bool:
    try:
        return bool(one < other)
    except TypeError:  # a column of instants with a zone became one without, or the other way
        raise source.unfit() from None


def _stamped(mark: Any, line: bytes) -> bytes:
    return f"{mark}\t".encode() + line


class _Echo:
    """Where the csv writer leaves a line: it is handed back at once."""

    def write(self, line: str) -> str:
        return line


_WRITER = csv.writer(_Echo(), lineterminator="\r\n")


def _line(source: Source, cells: Any) -> bytes:
    said: Any = _WRITER.writerow([_cell(source, value) for value in cells])
    return str(said).encode()


def _cell(source: Source, value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, bytes | memoryview):
        raise undecoded(source)
    return value.isoformat() if isinstance(value, date | datetime) else value
