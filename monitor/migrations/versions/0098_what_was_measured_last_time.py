"""A reason keeps what was measured before it last changed

Revision 0098, after 0099.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0098"
down_revision: str | None = "0099"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("reasons", sa.Column("observed_before", sa.Double(), nullable=True))
    op.add_column("reasons", sa.Column("before_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("reasons", "before_on")
    op.drop_column("reasons", "observed_before")
