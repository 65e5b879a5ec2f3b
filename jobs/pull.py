"""Deliveries fetched from other databases: a table or view is read from where the last reading ended.

The end of a reading is written down before it begins, so that a reading broken off anywhere is repeated with
the same bounds, gives the same file, and is recognised as known if it had been taken in already.
"""

import csv
import hashlib
import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import ColumnClause, Connection, Engine, Select, TableClause, column, create_engine, select, table, text
from sqlalchemy.exc import SQLAlchemyError

from monitor import database, feeds
from monitor.errors import Invalid
from monitor.feeds import Receipt
from monitor.service import Service
from monitor.tables import Pull, utc_now

MOST = 500_000
KINDS = ("integer", "datetime", "date", "text")


@dataclass(frozen=True)
class Source:
    """One table or view of another database, and how its rows become a delivery of ``feed``."""

    name: str
    feed: str
    url_file: Path
    relation: str
    watermark: str
    kind: str = "datetime"
    columns: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> TableClause:
        """The relation as it is named there: ``view`` or ``schema.view``."""
        schema, _, name = self.relation.rpartition(".")
        names = sorted({self.watermark, *self.columns.values()})
        return table(name, *(column(one) for one in names), schema=schema or None)


def pull(service: Service, as_of: date) -> dict[str, Any]:
    """Fetch what is new in every source of the page ``LOWINCOME_PULLS`` names: the job of the timetable.

    One source that cannot be read stops no other and is tried again next time; of those set up wrongly the first is
    told when the others are done. Nothing is ever written there. ``as_of`` is the logical date only; without a page
    nothing is done.
    """
    counts: dict[str, Any] = {"unreachable": [], "nothing_new": 0}
    wrong: list[Invalid] = []
    for source in [] if service.settings.pulls is None else read_sources(service.settings.pulls):
        try:
            receipt = fetch(service, source)
        except (SQLAlchemyError, OSError):
            counts["unreachable"].append(source.name)
            continue
        except Invalid as refusal:
            wrong.append(refusal)
            continue
        word = "nothing_new" if receipt is None else receipt.status
        counts[word] = counts.get(word, 0) + 1
    if wrong:
        raise wrong[0]
    return counts


def read_sources(page: Path) -> list[Source]:
    """Read the page of sources (YAML); refuses one that lacks a field, naming it.

    Each entry: ``feed``, ``url_file`` (a file, closed to others, that holds the SQLAlchemy URL), ``relation``,
    ``watermark`` (a column that only grows), ``kind`` of the watermark, ``columns`` (feed column: their column).
    """
    said = yaml.safe_load(page.read_text(encoding="utf-8"))
    if not isinstance(said, dict):
        raise Invalid(zh=f"{page.name} 须为“名称: 设置”的形式", en=f"{page.name} must map names to settings")
    return [_source(page, str(name), entry) for name, entry in said.items()]


def _source(page: Path, name: str, entry: Any) -> Source:
    needed = ("feed", "url_file", "relation", "watermark", "columns")
    missing = [one for one in needed if not isinstance(entry, dict) or not entry.get(one)]
    kind = "" if missing else entry.get("kind", "datetime")
    if missing or kind not in KINDS:
        what = ", ".join(missing) or "kind"
        raise Invalid(
            zh=f"{page.name} 的 {name} 缺少或写错：{what}", en=f"{page.name}, {name}: missing or wrong: {what}"
        )
    return Source(
        name, entry["feed"], (page.parent / entry["url_file"]).absolute(), entry["relation"], entry["watermark"],
        kind, {str(ours): str(theirs) for ours, theirs in entry["columns"].items()},
    )  # fmt: skip


def fetch(service: Service, source: Source) -> Receipt | None:
    """Read what is new in ``source`` and take it in as a delivery; None when nothing is.

    A refused delivery leaves the mark where it was, so that it comes again once it is mended; a held one moves
    it, for its original waits here. Rows whose watermark is not beyond the last reading's are not seen.
    """
    state = _state(service, source)
    with _opened(source) as engine, _reading(engine) as there:
        end = state.pending or _end(there, source, state.watermark)
        if end is None:
            return None
        _remember(service, source.name, pending=end)
        found = [list(row) for row in there.execute(_window(source, state.watermark, end))]
    receipt = _deliver(service, source, found)
    if receipt.status != "refused":
        _remember(service, source.name, watermark=end, receipt=receipt, rows=len(found))
    return receipt


def _state(service: Service, source: Source) -> Pull:
    with database.transaction(service.engine) as session:
        state = session.get(Pull, source.name)
        if state is None:
            state = Pull(source=source.name)
            session.add(state)
    return state


def _remember(
    service: Service,
    name: str,
    *,
    pending: str | None = None,
    watermark: str | None = None,
    receipt: Receipt | None = None,
    rows: int = 0,
) -> None:
    with database.transaction(service.engine) as session:
        state = session.get_one(Pull, name)
        state.pending = pending
        if receipt is not None:
            state.watermark, state.delivery_id, state.rows, state.pulled_at = (
                watermark, receipt.delivery_id, rows, utc_now()
            )  # fmt: skip


@contextmanager
def _opened(source: Source) -> Iterator[Engine]:
    if source.url_file.stat().st_mode & 0o077:
        raise Invalid(
            zh=f"{source.url_file.name} 权限过宽，请改为 0600",
            en=f"{source.url_file.name} is open to others: chmod 600",
        )
    engine = create_engine(source.url_file.read_text(encoding="utf-8").strip(), hide_parameters=True)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot, in a transaction that the server itself keeps from writing."""
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA query_only = ON"))
        yield connection
        connection.rollback()


def _end(there: Connection, source: Source, start: str | None) -> str | None:
    """The watermark at which this reading ends: after at most half a million rows, never between equal marks."""
    mark = source.rows.c[source.watermark]
    asked = select(mark).where(*_after(source, mark, start), mark.is_not(None)).order_by(mark)
    nth = there.scalar(asked.offset(MOST - 1).limit(1))
    last = (
        nth
        if nth is not None
        else there.scalar(asked.with_only_columns(mark).order_by(None).order_by(mark.desc()).limit(1))
    )
    return None if last is None else _written(last)


def _window(source: Source, start: str | None, end: str) -> Select[*tuple[Any, ...]]:
    """In an order of its own, so that the same rows always make the same file."""
    rows = source.rows
    mark, wanted = rows.c[source.watermark], [rows.c[theirs] for theirs in source.columns.values()]
    inside = (*_after(source, mark, start), mark <= _value(source.kind, end))
    return select(*wanted).where(*inside).order_by(mark, *wanted)


def _after(source: Source, mark: ColumnClause[Any], start: str | None) -> Sequence[Any]:
    return () if start is None else (mark > _value(source.kind, start),)


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _value(kind: str, written: str) -> Any:
    if kind == "integer":
        return int(Decimal(written))
    if kind == "text":
        return written
    return datetime.fromisoformat(written) if kind == "datetime" else date.fromisoformat(written)


def _deliver(service: Service, source: Source, rows: list[list[Any]]) -> Receipt:
    """Write the rows as a file with its manifest, where only this account can read, and take it in."""
    service.settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=service.settings.home, prefix=".pull-") as folder:
        path = Path(folder) / f"{source.feed}.csv"
        data = _as_csv(list(source.columns), rows)
        path.write_bytes(data)
        said = {"feed": source.feed, "rows": len(rows), "sha256": hashlib.sha256(data).hexdigest()}
        path.with_name(path.name + ".manifest.json").write_text(json.dumps(said), encoding="utf-8")
        return feeds.ingest(service, path)


def _as_csv(names: list[str], rows: list[list[Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return value.isoformat() if isinstance(value, date | datetime) else value
