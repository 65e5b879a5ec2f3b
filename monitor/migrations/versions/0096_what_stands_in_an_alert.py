"""What stands in an alert is kept beside it, and a page of the queue reads its index alone

Revision 0096, after 0091.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0096"
down_revision: str | None = "0091"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ORDER, ASKED = ["level", "due_on", "rank", "id"], ["status", "standing"]
PLACES: dict[str, list[str]] = {"queue": [], "county": ["county"], "town": ["town"], "village": ["village"]}
OPEN = sa.text("closed_at IS NULL")
FILL = """
UPDATE alerts SET standing = ',' || (
    SELECT {joined} FROM reasons WHERE alert_id = alerts.id AND status IN ('active', 'unknown')
) || ',' WHERE EXISTS (SELECT 1 FROM reasons WHERE alert_id = alerts.id AND status IN ('active', 'unknown'))
"""


def upgrade() -> None:
    _drop()
    op.add_column("alerts", sa.Column("standing", sa.Text(), nullable=False, server_default=""))
    aggregate = "string_agg" if op.get_bind().dialect.name == "postgresql" else "group_concat"
    op.execute(FILL.format(joined=f"{aggregate}(substr(direction, 1, 1) || ':' || rule, ',')"))
    _make(ASKED)


def downgrade() -> None:
    _drop()
    op.drop_column("alerts", "standing")
    _make([])


def _drop() -> None:
    for name in PLACES:
        op.drop_index(f"ix_alerts_{name}", "alerts")


def _make(more: list[str]) -> None:
    for name, place in PLACES.items():
        columns = [*place, *ORDER, *more]
        op.create_index(f"ix_alerts_{name}", "alerts", columns, sqlite_where=OPEN, postgresql_where=OPEN)
    op.execute("ANALYZE alerts")  # an index that no planner knows the size of is taken for a small one
