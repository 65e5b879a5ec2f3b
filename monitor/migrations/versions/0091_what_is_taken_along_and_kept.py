"""What is taken along on a visit, what came too late to decide anything, and leads that workers heard of

Revision 0091, after 0093.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0091"
down_revision: str | None = "0093"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STAMP = sa.DateTime(timezone=True)
def _clocks() -> list[sa.Column]:
    return [
        sa.Column(
            "supplement",
            sa.String(12),
            sa.CheckConstraint(
                "supplement IN ('ended', 'changed', 'code_gone')", name=op.f("ck_follow_ups_supplement")
            ),
            nullable=True,
        ),
        sa.Column("said_on", sa.Date(), nullable=True),
        sa.Column("device_at", STAMP, nullable=True),
        sa.Column("ahead_seconds", sa.BigInteger(), nullable=True),
        sa.Column("catalogue", sa.String(16), nullable=True),
        sa.Column("pack_id", sa.Uuid(), nullable=True),
    ]



def upgrade() -> None:
    for column in _clocks():
        op.add_column("follow_ups", column)
    op.create_table(
        "visit_packs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("sign_in_id", sa.Uuid(), nullable=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("alerts", sa.JSON(), nullable=False),
        sa.Column("phones", sa.Integer(), nullable=False),
        sa.Column("made_at", STAMP, nullable=False),
        sa.Column("expires_at", STAMP, nullable=False),
        sa.Column("asked_at", STAMP, nullable=True),
        sa.Column("ended_at", STAMP, nullable=True),
        sa.Column("ended_why", sa.String(16), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("wiped_at", STAMP, nullable=True),
        sa.CheckConstraint(
            "ended_why IN ('expired', 'wiped', 'replaced', 'revoked', 'suspended', 'moved', 'signed_out')",
            name=op.f("ck_visit_packs_ended_why"),
        ),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_visit_packs_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_packs")),
        sa.UniqueConstraint("hash", name=op.f("uq_visit_packs_hash")),
    )
    op.create_index("ix_visit_packs_worker", "visit_packs", ["worker_id", "made_at"])
    _leads()


def _leads() -> None:
    op.create_table(
        "leads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("how", sa.String(12), nullable=False),
        sa.Column("heard_on", sa.Date(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("id_no", sa.LargeBinary(), nullable=True),
        sa.Column("id_index", sa.LargeBinary(32), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("said", sa.LargeBinary(), nullable=True),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("county", sa.String(6), nullable=False),
        sa.Column("town", sa.String(9), nullable=True),
        sa.Column("village", sa.String(12), nullable=True),
        sa.Column("household_id", BIG, nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", STAMP, nullable=False),
        sa.CheckConstraint(
            "how IN ('visit', 'neighbour', 'grid', 'hotline', 'self', 'other')", name=op.f("ck_leads_how")
        ),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_leads_household_id")),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_leads_alert_id")),
        sa.ForeignKeyConstraint(["made_by"], ["workers.id"], name=op.f("fk_leads_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
    )
    op.create_index("ix_leads_household_id", "leads", ["household_id"])


def downgrade() -> None:
    op.drop_table("leads")
    op.drop_table("visit_packs")
    for column in reversed(_clocks()):
        op.drop_column("follow_ups", column.name)
