"""What is unique of people and households stands in indexes, no longer in the tables: a first register builds them once

Revision 0106, after 0109. Unique as before, in the same trees: on SQLite only what they are called is written anew.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0106"
down_revision: str | None = "0109"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

UNIQUE = {"people": "id_index", "households": "household_no"}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column in UNIQUE.items():
            op.drop_constraint(f"uq_{table}_{column}", table, type_="unique")
            op.create_index(f"uq_{table}_{column}", table, [column], unique=True)
        return
    _rename(as_index=True)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, column in UNIQUE.items():
            op.drop_index(f"uq_{table}_{column}", table)
            op.create_unique_constraint(f"uq_{table}_{column}", table, [column])
        return
    _rename(as_index=False)


def _rename(*, as_index: bool) -> None:
    """Make the constraint's own index one that has a name, or the other way: no table is copied, no tree is built."""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    for table, column in UNIQUE.items():
        name = f"uq_{table}_{column}"
        said = f"PRIMARY KEY (id), \n\tCONSTRAINT {name} UNIQUE ({column})"
        constrained = ("PRIMARY KEY (id)", said, f"sqlite_autoindex_{table}_1", None)
        indexed = (said, "PRIMARY KEY (id)", name, f"CREATE UNIQUE INDEX {name} ON {table} ({column})")
        (_, _, before, _), (old, new, after, made) = (constrained, indexed) if as_index else (indexed, constrained)
        for statement, given in (
            (_TABLE, {"table": table, "old": old, "new": new}),
            (_INDEX, {"before": before, "after": after, "made": made}),
        ):
            if connection.execute(sa.text(statement), given).rowcount != 1:
                raise RuntimeError(f"the table of {table} is not as it was left")
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")


_TABLE = (
    "UPDATE sqlite_schema SET sql = replace(sql, :old, :new)"
    " WHERE type = 'table' AND name = :table AND instr(sql, :old) > 0"
)
_INDEX = "UPDATE sqlite_schema SET name = :after, sql = :made WHERE type = 'index' AND name = :before"
