"""The stocks of the reports are read from one index of what is open

Revision 0052, after 0032.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0052"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = ["status", "category", "level", "county", "town", "village", "due_on", "cleared_on", "household_id"]
COLUMNS += ["closed_at"]


def upgrade() -> None:
    still = sa.text("closed_at IS NULL")
    op.create_index("ix_alerts_report", "alerts", COLUMNS, sqlite_where=still, postgresql_where=still)


def downgrade() -> None:
    op.drop_index("ix_alerts_report", "alerts")
