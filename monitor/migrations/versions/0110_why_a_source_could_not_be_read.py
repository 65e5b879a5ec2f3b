"""Of a source in another database: what was read near its end, when it was read through, and what is wrong with it

Revision 0110, after 0106.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0110"
down_revision: str | None = "0106"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("pulls", sa.Column("edge", sa.String(64), nullable=True))
    op.add_column("pulls", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("pulls", sa.Column("trouble", sa.JSON(), nullable=True))
    op.add_column("pulls", sa.Column("troubled_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("troubled_at", "trouble", "read_at", "edge"):
        op.drop_column("pulls", name)
