"""The index of the whole city's queue holds the county: who sees several counties needs no row to pass one over

Revision 0103, after 0100.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0103"
down_revision: str | None = "0100"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME, OPEN = "ix_alerts_queue", sa.text("closed_at IS NULL")
KEYS = ["level", "due_on", "rank", "id", "status", "standing"]


def upgrade() -> None:
    _make([*KEYS, "county"], ["town", "village"])


def downgrade() -> None:
    _make(KEYS, ["county", "town", "village"])


def _make(columns: list[str], beside: list[str]) -> None:
    op.drop_index(NAME, "alerts")
    op.create_index(NAME, "alerts", columns, sqlite_where=OPEN, postgresql_where=OPEN, postgresql_include=beside)
    op.execute("ANALYZE alerts")  # an index that no planner knows the size of is taken for a small one
