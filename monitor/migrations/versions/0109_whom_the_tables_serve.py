"""Which programs the tables serve: an older one reads it here and goes on beside what was only added

Revision 0109, after 0103.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0109"
down_revision: str | None = "0103"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
oldest_program: str = "0109"  # programs before it do not ask


def upgrade() -> None:
    op.create_table(
        "programs_served",
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("since", name=op.f("pk_programs_served")),
    )


def downgrade() -> None:
    op.drop_table("programs_served")
