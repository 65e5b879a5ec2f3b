"""The index of a household's members says who is its head: a page of the queue reads fifty rows less

Revision 0112, after 0111.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0112"
down_revision: str | None = "0111"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "ix_members_household_id"


def upgrade() -> None:
    _make(["household_id", "until_on", "relation", "person_id"])


def downgrade() -> None:
    _make(["household_id"])


def _make(columns: list[str]) -> None:
    op.drop_index(NAME, "members")
    op.create_index(NAME, "members", columns)
