"""Tables that only grow: the database itself refuses to change or remove a row, whoever asks."""

from collections.abc import Sequence

from sqlalchemy import Connection

from monitor.migrations.roles import UNALTERABLE

_REFUSE = """CREATE OR REPLACE FUNCTION lowincome_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'append only: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = '23001'; END $$"""


def protect(connection: Connection, tables: Sequence[str] = UNALTERABLE) -> None:
    """Put the triggers on ``tables``, which must exist; those already there are replaced, so a second call is idle.

    A later revision that copies one of the tables on SQLite (batch mode) loses its triggers and must call this again.
    """
    release(connection, tables)
    for statement in _statements(connection.dialect.name, tables):
        connection.exec_driver_sql(statement)


def release(connection: Connection, tables: Sequence[str] = UNALTERABLE) -> None:
    """Take the triggers off ``tables``."""
    for table in tables:
        for act in ("update", "delete", "truncate"):
            name, on = f"{table}_no_{act}", f" ON {table}" if connection.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{on}")


def _statements(dialect: str, tables: Sequence[str]) -> list[str]:
    """The names are those of the code's own tables, never anybody's input."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'append only: {act} of {table} is refused'); END"
            for table in tables
            for act in ("update", "delete")
        ]
    return [_REFUSE.replace("%", "%%")] + [
        f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
        f"FOR EACH {'STATEMENT' if act == 'truncate' else 'ROW'} EXECUTE FUNCTION lowincome_append_only()"
        for table in tables
        for act in ("update", "delete", "truncate")
    ]
