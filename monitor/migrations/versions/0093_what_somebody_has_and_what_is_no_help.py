"""What somebody has, and reasons that are no help, found by indexes that hold nothing else

Where nobody has anything yet, or nothing is to be checked, an index over all alerts tells the planner nothing.

Revision 0093, after 0094.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0093"
down_revision: str | None = "0094"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OWNED = ["owner_id", "level", "due_on", "rank", "id"]
_LEANING = sa.text("status IN ('active', 'unknown') AND direction <> 'help'")


def upgrade() -> None:
    op.drop_index("ix_alerts_owner", "alerts")
    where = sa.text("closed_at IS NULL AND owner_id IS NOT NULL")
    op.create_index("ix_alerts_owner", "alerts", _OWNED, sqlite_where=where, postgresql_where=where)
    op.create_index(
        "ix_reasons_leaning", "reasons", ["direction", "alert_id"], sqlite_where=_LEANING, postgresql_where=_LEANING
    )
    op.execute("ANALYZE alerts")
    op.execute("ANALYZE reasons")


def downgrade() -> None:
    op.drop_index("ix_reasons_leaning", "reasons")
    op.drop_index("ix_alerts_owner", "alerts")
    where = sa.text("closed_at IS NULL")
    op.create_index("ix_alerts_owner", "alerts", _OWNED, sqlite_where=where, postgresql_where=where)
