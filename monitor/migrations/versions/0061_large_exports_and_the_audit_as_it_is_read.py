"""Large exports that another agrees to; indexes by which an auditor reads the audit and cases are listed

Revision 0061, after 0060.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0061"
down_revision: str | None = "0060"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STAMP = sa.DateTime(timezone=True)
READ_BY = {"action": ["action", "id"], "by": ["by", "id"], "subject": ["subject", "id"], "at": ["at"]}


def upgrade() -> None:
    op.create_table(
        "export_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", STAMP, nullable=False),
        sa.Column("path", sa.String(96), nullable=False),
        sa.Column("narrowed", sa.JSON(), nullable=False),
        sa.Column("why", sa.LargeBinary(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", STAMP, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('asked', 'agreed', 'refused', 'taken')", name=op.f("ck_export_requests_status")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["workers.id"], name=op.f("fk_export_requests_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["workers.id"], name=op.f("fk_export_requests_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_requests")),
    )
    op.create_index(op.f("ix_export_requests_asked_by"), "export_requests", ["asked_by"])
    op.create_index(op.f("ix_export_requests_status"), "export_requests", ["status"])
    for name, columns in READ_BY.items():
        op.create_index(f"ix_audit_entries_{name}", "audit_entries", columns)
    op.create_index("ix_cases_opened", "cases", ["opened_on", "id"])


def downgrade() -> None:
    op.drop_index("ix_cases_opened", "cases")
    for name in READ_BY:
        op.drop_index(f"ix_audit_entries_{name}", "audit_entries")
    op.drop_table("export_requests")
