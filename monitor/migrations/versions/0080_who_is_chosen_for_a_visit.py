"""Who is chosen for a visit and how likely that was, and whom a model suggests

Revision 0080, after 0061.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0080"
down_revision: str | None = "0061"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STAMP = sa.DateTime(timezone=True)


def _places() -> list[sa.Column]:
    return [
        sa.Column("county", sa.String(6), nullable=False),
        sa.Column("town", sa.String(9), nullable=True),
        sa.Column("village", sa.String(12), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "choices",
        sa.Column("id", BIG, nullable=False),
        sa.Column("household_id", BIG, nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("week", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(8), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("rank", sa.BigInteger(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("propensity", sa.Double(), nullable=False),
        sa.Column("stratum", sa.String(16), nullable=True),
        *_places(),
        sa.CheckConstraint("reason IN ('rule', 'ml', 'audit', 'self', 'referral')", name=op.f("ck_choices_reason")),
        sa.CheckConstraint("propensity > 0 AND propensity <= 1", name=op.f("ck_choices_propensity")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_choices_household_id")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_choices_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_choices")),
        sa.UniqueConstraint("alert_id", name=op.f("uq_choices_alert_id")),
    )
    op.create_index("ix_choices_week", "choices", ["reason", "county", "week"])
    op.create_table(
        "suggestions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", BIG, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(12), nullable=False),
        *_places(),
        sa.Column("made_at", STAMP, nullable=False),
        sa.Column("decided_at", STAMP, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_why", sa.String(32), nullable=True),
        sa.Column("alert_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'confirmed', 'dismissed', 'lapsed')", name=op.f("ck_suggestions_status")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_suggestions_household_id")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_suggestions_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
    )
    op.create_index("ix_suggestions_household_id", "suggestions", ["household_id"])
    still = sa.text("status = 'open'")
    op.create_index(
        "uq_suggestions_open", "suggestions", ["household_id"], unique=True, sqlite_where=still, postgresql_where=still
    )
    op.create_index("ix_suggestions_county", "suggestions", ["county", "status", "score"])


def downgrade() -> None:
    for table in ("suggestions", "choices"):
        op.drop_table(table)
