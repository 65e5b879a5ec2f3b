"""Deadlines of referrals and corrections that were reminded of, missed, or told to the level above: each once

Revision 0111, after 0110.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0111"
down_revision: str | None = "0110"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "referral_breaches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(length=12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.CheckConstraint("step IN ('remind', 'overdue', 'escalate')", name=op.f("ck_referral_breaches_step")),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name=op.f("fk_referral_breaches_referral_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_breaches")),
    )
    op.create_index("uq_referral_breaches_once", "referral_breaches", ["referral_id", "step", "due_on"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_referral_breaches_once", table_name="referral_breaches")
    op.drop_table("referral_breaches")
