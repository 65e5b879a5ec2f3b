"""A keyed fingerprint of what the register last said of a person, so that the same again opens no cell

Revision 0100, after 0105. Whoever has none yet gets it at the next register.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0100"
down_revision: str | None = "0105"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("people", sa.Column("said", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("people", "said")
