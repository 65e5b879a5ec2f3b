"""What the wall asks of every alert stands in the queue's indexes, so no row is fetched to be passed over

Revision 0102, after 0098. SQLite has no wall, and nothing changes there.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0102"
down_revision: str | None = "0098"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LEVELS = ("county", "town", "village")
KEYS = ["level", "due_on", "rank", "id", "status", "standing"]
INDEXES: dict[str, list[str]] = {"queue": [], **{level: [level] for level in LEVELS}}


def upgrade() -> None:
    _make(beside=True)


def downgrade() -> None:
    _make(beside=False)


def _make(*, beside: bool) -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, place in INDEXES.items():
        op.drop_index(f"ix_alerts_{name}", "alerts")
        more = [level for level in LEVELS if level not in place] if beside else None
        op.create_index(
            f"ix_alerts_{name}", "alerts", [*place, *KEYS], postgresql_where=sa.text("closed_at IS NULL"),
            postgresql_include=more,
        )  # fmt: skip
    op.execute("ANALYZE alerts")
