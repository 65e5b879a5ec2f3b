"""A row of data that an agency is asked to correct: a referral that names the row

Revision 0105, after 0102.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0105"
down_revision: str | None = "0102"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
OUTSTANDING = "ended_at IS NULL AND feed IS NOT NULL"


def upgrade() -> None:
    op.add_column("referrals", sa.Column("feed", sa.String(64), nullable=True))
    op.add_column("referrals", sa.Column("delivery_seq", sa.BigInteger(), nullable=True))
    # SQLite takes the constraint only with the column itself.
    op.execute(
        "ALTER TABLE referrals ADD COLUMN row_no BIGINT CONSTRAINT ck_referrals_whole_row "
        "CHECK ((feed IS NULL) = (row_no IS NULL) AND (feed IS NULL) = (delivery_seq IS NULL))"
    )
    op.create_index(
        "uq_referrals_row", "referrals", ["alert_id", "feed", "delivery_seq", "row_no"], unique=True,
        sqlite_where=sa.text(OUTSTANDING), postgresql_where=sa.text(OUTSTANDING),
    )


def downgrade() -> None:
    op.drop_index("uq_referrals_row", "referrals")
    op.drop_column("referrals", "row_no")
    op.drop_column("referrals", "delivery_seq")
    op.drop_column("referrals", "feed")
