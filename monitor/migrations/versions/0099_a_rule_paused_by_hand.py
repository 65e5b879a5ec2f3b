"""A rule paused by hand for one household: on which alert it rests, and who paused it

Revision 0099, after 0096.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0099"
down_revision: str | None = "0096"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # SQLite takes the constraint only with the column itself.
    kind = "UUID" if op.get_bind().dialect.name == "postgresql" else "CHAR(32)"
    op.execute(
        f"ALTER TABLE quiets ADD COLUMN alert_id {kind} CONSTRAINT fk_quiets_alert_id REFERENCES alerts (id)"
    )
    op.create_index(op.f("ix_quiets_alert_id"), "quiets", ["alert_id"])
    op.add_column("quiets", sa.Column("set_by", sa.String(36), nullable=True))


def downgrade() -> None:
    op.drop_column("quiets", "set_by")
    op.drop_index(op.f("ix_quiets_alert_id"), "quiets")
    op.drop_column("quiets", "alert_id")
