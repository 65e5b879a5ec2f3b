"""Reveals, legal holds, messages on their way; the audit and the alerts' life cannot be changed

Revision 0050, after 0030.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from monitor.migrations import append_only

revision: str = "0050"
down_revision: str | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "reveals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("household_id", BIG, nullable=False),
        sa.Column("field", sa.String(16), nullable=False),
        sa.Column("reason_code", sa.String(32), nullable=False),
        sa.Column("why", sa.LargeBinary(), nullable=True),
        sa.Column("at", STAMP, nullable=False),
        sa.CheckConstraint("field IN ('id_no', 'name', 'phone')", name=op.f("ck_reveals_field")),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_reveals_worker_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_reveals_person_id")),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_reveals_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reveals")),
    )
    op.create_index(op.f("ix_reveals_person_id"), "reveals", ["person_id"])
    op.create_index(op.f("ix_reveals_household_id"), "reveals", ["household_id"])
    op.create_index("ix_reveals_worker", "reveals", ["worker_id", "at"])
    op.create_table(
        "legal_holds",
        sa.Column("id", BIG, nullable=False),
        sa.Column("household_id", BIG, nullable=False),
        sa.Column("document", sa.String(128), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", STAMP, nullable=False),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("lifted_at", STAMP, nullable=True),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name=op.f("fk_legal_holds_household_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    standing = sa.text("lifted_at IS NULL")
    op.create_index(
        "uq_legal_holds_standing", "legal_holds", ["household_id"], unique=True,
        sqlite_where=standing, postgresql_where=standing,
    )
    op.create_table(
        "webhook_sends",
        sa.Column("id", BIG, nullable=False),
        sa.Column("outbox_id", BIG, nullable=False),
        sa.Column("receiver", sa.String(64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", STAMP, nullable=False),
        sa.Column("ended_at", STAMP, nullable=True),
        sa.Column("ended", sa.String(16), nullable=True),
        sa.Column("problem", sa.String(64), nullable=True),
        sa.CheckConstraint("ended IN ('delivered', 'given_up')", name=op.f("ck_webhook_sends_ended")),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_webhook_sends_outbox_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_sends")),
    )
    op.create_index("uq_webhook_sends_message", "webhook_sends", ["outbox_id", "receiver"], unique=True)
    waiting = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_webhook_sends_due", "webhook_sends", ["next_at"], sqlite_where=waiting, postgresql_where=waiting
    )
    append_only.protect(op.get_bind(), ("audit_entries", "alert_events"))


def downgrade() -> None:
    connection = op.get_bind()
    append_only.release(connection, ("audit_entries", "alert_events"))
    if connection.dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS lowincome_append_only()")
    for table in ("webhook_sends", "legal_holds", "reveals"):
        op.drop_table(table)
