"""Sheets of visits done on paper: how their columns were read, and which visits came with them

Revision 0094, after 0090.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0094"
down_revision: str | None = "0090"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "visit_sheets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sent_by", sa.Uuid(), nullable=False),
        sa.Column("sent_at", STAMP, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("header", sa.String(64), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("recorded", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("undone_at", STAMP, nullable=True),
        sa.Column("undone", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sent_by"], ["workers.id"], name=op.f("fk_visit_sheets_sent_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_sheets")),
    )
    op.create_index("ix_visit_sheets_sent", "visit_sheets", ["sent_by", "sent_at"])
    # SQLite takes the constraint only with the column itself.
    kind = "UUID" if op.get_bind().dialect.name == "postgresql" else "CHAR(32)"
    op.execute(
        f"ALTER TABLE follow_ups ADD COLUMN sheet_id {kind} CONSTRAINT fk_follow_ups_sheet_id "
        "REFERENCES visit_sheets (id)"
    )
    op.create_index(op.f("ix_follow_ups_sheet_id"), "follow_ups", ["sheet_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_follow_ups_sheet_id"), "follow_ups")
    op.drop_column("follow_ups", "sheet_id")
    op.drop_table("visit_sheets")
