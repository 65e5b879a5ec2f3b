"""Who has an alert open just now, and which forms were printed

Revision 0090, after 0062.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0090"
down_revision: str | None = "0062"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "presences",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("doing", sa.String(8), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("doing IN ('looking', 'working')", name=op.f("ck_presences_doing")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_presences_alert_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_presences_worker_id")),
        sa.PrimaryKeyConstraint("alert_id", "worker_id", name=op.f("pk_presences")),
    )
    op.create_table(
        "form_prints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("forms", sa.Integer(), nullable=False),
        sa.Column("alerts", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('check', 'round')", name=op.f("ck_form_prints_kind")),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_form_prints_language")),
        sa.ForeignKeyConstraint(["made_by"], ["workers.id"], name=op.f("fk_form_prints_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_prints")),
        sa.UniqueConstraint("year", "number", name=op.f("uq_form_prints_year")),
    )
    op.create_index("ix_form_prints_made_by", "form_prints", ["made_by", "made_at"])


def downgrade() -> None:
    op.drop_table("form_prints")
    op.drop_table("presences")
