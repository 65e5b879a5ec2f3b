"""What is rare in the queue is found by what makes it rare: indexes for narrowed pages

Revision 0062, after 0080.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0062"
down_revision: str | None = "0080"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = {
    "ix_alerts_sought": ("closed_at IS NULL", ["county", "id", "status", "level", "due_on", "rank"]),
    "ix_alerts_recurring": ("closed_at IS NULL AND previous_id IS NOT NULL", ["county", "town"]),
    "ix_alerts_cleared": ("closed_at IS NULL AND cleared_on IS NOT NULL", ["county", "town"]),
    "ix_alerts_previous": ("previous_id IS NOT NULL", ["previous_id"]),
    "ix_alerts_ended": ("closed_at IS NOT NULL", ["town", "status", "due_on", "rank", "id"]),
}


def upgrade() -> None:
    for name, (condition, columns) in INDEXES.items():
        where = sa.text(condition)
        op.create_index(name, "alerts", columns, sqlite_where=where, postgresql_where=where)
    op.execute("ANALYZE alerts")  # an index that no planner knows the size of is taken for a small one


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "alerts")
