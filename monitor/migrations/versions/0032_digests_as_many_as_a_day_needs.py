"""Digests: as many as a day needs

Revision 0032, after 0051.
"""

from collections.abc import Sequence

from alembic import op


revision: str = '0032'
down_revision: str | None = '0051'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_index('uq_digests_day', table_name='digests')
    op.create_index('ix_digests_recipient', 'digests', ['recipient', 'region', 'made_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_digests_recipient', table_name='digests')
    op.create_index('uq_digests_day', 'digests', ['as_of', 'recipient', 'region'], unique=True)
