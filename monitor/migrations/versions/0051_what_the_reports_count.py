"""What the reports count: a narrow row for each alert, and for each rule and feed behind it

Revision 0051, after 0020.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0051"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "tracks",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", BIG, nullable=False),
        sa.Column("county", sa.String(6), nullable=False),
        sa.Column("town", sa.String(9), nullable=True),
        sa.Column("village", sa.String(12), nullable=True),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("model", sa.String(64), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_month", sa.String(7), nullable=False),
        sa.Column("first_days", sa.Integer(), nullable=True),
        sa.Column("close_days", sa.Integer(), nullable=True),
        sa.Column("result", sa.String(16), nullable=True),
        sa.Column("case_on", sa.Date(), nullable=True),
        sa.Column("helped_days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_tracks_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_tracks")),
    )
    cells = ["opened_on", "county", "town", "village", "level", "result", "first_days", "close_days", "opened_month"]
    op.create_index("ix_tracks_case", "tracks", ["case_on"])
    op.create_index("ix_tracks_cells", "tracks", [*cells, "model"])
    op.create_table(
        "track_causes",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(4), nullable=False),
        sa.Column("cause", sa.String(64), nullable=False),
        sa.Column("county", sa.String(6), nullable=False),
        sa.Column("town", sa.String(9), nullable=True),
        sa.Column("village", sa.String(12), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("result", sa.String(16), nullable=True),
        sa.CheckConstraint("kind IN ('rule', 'feed')", name=op.f("ck_track_causes_kind")),
        sa.ForeignKeyConstraint(["alert_id"], ["tracks.alert_id"], name=op.f("fk_track_causes_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", "kind", "cause", name=op.f("pk_track_causes")),
    )
    cells = ["kind", "opened_on", "cause", "result", "county", "town", "village", "alert_id"]
    op.create_index("ix_track_causes_cells", "track_causes", cells)
    op.create_table(
        "marks",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("at", STAMP, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )


def downgrade() -> None:
    for table in ("marks", "track_causes", "tracks"):
        op.drop_table(table)
