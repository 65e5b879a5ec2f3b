"""What a database holds, in numbers that a copy must reproduce: each table's rows, the head of the audit chain."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, column, inspect, select, table

MODULUS = 1 << 256
AUDIT = "audit_entries"


@dataclass(frozen=True)
class TableDigest:
    """How many rows a table has, and a digest over all of them in whatever order they come."""

    rows: int
    digest: str


def of_tables(connection: Connection) -> dict[str, TableDigest]:
    """Return the digest of every table of the database that ``connection`` is in, Alembic's own included."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TIME ZONE 'UTC'")
    found = inspect(connection)
    names = sorted(found.get_table_names())
    return {name: _digest(connection, name, [one["name"] for one in found.get_columns(name)]) for name in names}


def audit_head(connection: Connection) -> str:
    """Return the hash of the newest audit entry; the empty text when there is none."""
    entries = table(AUDIT, column("id"), column("hash"))
    newest = select(entries.c.hash).order_by(entries.c.id.desc()).limit(1)
    return str(connection.scalar(newest) or "")


def _digest(connection: Connection, name: str, columns: list[str]) -> TableDigest:
    """The sum of the rows' hashes: it needs no order, and two equal rows do not cancel out."""
    total, rows = 0, 0
    statement: Select[*tuple[Any, ...]] = select(*(column(one) for one in columns)).select_from(table(name))
    for row in connection.execution_options(yield_per=2_000).execute(statement):
        total += int.from_bytes(hashlib.sha256(_text(row).encode()).digest(), "big")
        rows += 1
    return TableDigest(rows, f"{total % MODULUS:064x}")


def _text(row: Any) -> str:
    return repr(tuple(row))
