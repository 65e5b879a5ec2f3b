"""Clerks of other departments, and the version that an answer to a referral rests on

Revision 0060, after 0052.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0060"
down_revision: str | None = "0052"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("department", sa.String(64), nullable=True))
    op.add_column("referrals", sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")))


def downgrade() -> None:
    op.drop_column("referrals", "version")
    op.drop_column("workers", "department")
