"""The ledger: one row a job, date and scope, with lease and fence

Revision 0010, after 0031.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op


revision: str = '0010'
down_revision: str | None = '0031'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BEFORE = ('running', 'done', 'failed', 'interrupted')
AFTER = ('requested', 'running', 'done', 'done_with_quarantine', 'held', 'failed', 'interrupted', 'missed')
COUNTED = ('fence', 'step', 'tries')


def _among(words: Sequence[str]) -> str:
    return f"status IN ({', '.join(repr(word) for word in words)})"


def _let_go() -> None:
    """SQLite rebuilds ``runs``, which it may do only while no row names one of its rows."""
    op.execute('CREATE TEMPORARY TABLE scan_runs AS SELECT id, run_id FROM scans')
    op.execute('UPDATE scans SET run_id = NULL')


def _take_up() -> None:
    op.execute('UPDATE scans SET run_id = (SELECT run_id FROM scan_runs WHERE scan_runs.id = scans.id)')
    op.execute('DROP TABLE scan_runs')


def _keep_newest() -> None:
    """Of several runs for one job, date and scope the one begun last stays, and scans name that one."""
    newest = """SELECT n.id FROM runs n WHERE n.job = runs.job AND n.as_of = runs.as_of AND n.scope = runs.scope
                ORDER BY n.started_at DESC, n.id LIMIT 1"""
    op.execute(f"""UPDATE scan_runs SET run_id = (SELECT ({newest}) FROM runs WHERE runs.id = scan_runs.run_id)
                   WHERE run_id IS NOT NULL""")
    op.execute(f'DELETE FROM runs WHERE id <> ({newest})')
    op.execute("UPDATE runs SET status = 'interrupted', problem = 'killed' WHERE status = 'running'")


def upgrade() -> None:
    _let_go()
    _keep_newest()
    with op.batch_alter_table('runs', schema=None) as batch_op:
        batch_op.drop_index('ix_runs_job')
        batch_op.drop_constraint(op.f('ck_runs_status'), type_='check')
        batch_op.alter_column('status', existing_type=sa.String(length=16), type_=sa.String(length=24))
        batch_op.alter_column('started_at', existing_type=sa.DateTime(timezone=True), nullable=True)
        batch_op.add_column(sa.Column('requested_at', sa.DateTime(timezone=True), nullable=True))
        for name in COUNTED:
            kind = sa.Integer() if name == 'tries' else sa.BigInteger()
            batch_op.add_column(sa.Column(name, kind, server_default=sa.text('0'), nullable=False))
        batch_op.add_column(sa.Column('owner', sa.String(length=96), nullable=True))
        for name in ('lease_until', 'heartbeat_at', 'not_before'):
            batch_op.add_column(sa.Column(name, sa.Double(), nullable=True))
        batch_op.create_check_constraint(op.f('ck_runs_status'), _among(AFTER))
        batch_op.create_index('uq_runs_night', ['job', 'as_of', 'scope'], unique=True)
        running = sa.text("status = 'running'")
        batch_op.create_index(
            'uq_runs_one_running', ['job'], unique=True, sqlite_where=running, postgresql_where=running)
    _take_up()
    op.create_table('run_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('run_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('by', sa.String(length=96), nullable=False),
    sa.Column('fence', sa.BigInteger(), nullable=False),
    sa.Column('problem', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_run_events_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_run_events'))
    )
    op.create_index(op.f('ix_run_events_run_id'), 'run_events', ['run_id'], unique=False)
    op.create_table('quarantines',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('run_id', sa.Uuid(), nullable=False),
    sa.Column('household_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('stage', sa.String(length=16), nullable=False),
    sa.Column('error', sa.String(length=64), nullable=False),
    sa.Column('place', sa.String(length=128), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("stage IN ('judge', 'settle')", name=op.f('ck_quarantines_stage')),
    sa.ForeignKeyConstraint(['household_id'], ['households.id'], name=op.f('fk_quarantines_household_id')),
    sa.ForeignKeyConstraint(['run_id'], ['runs.id'], name=op.f('fk_quarantines_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quarantines'))
    )
    op.create_index('uq_quarantines_household', 'quarantines', ['run_id', 'household_id'], unique=True)


def downgrade() -> None:
    op.drop_table('quarantines')
    op.drop_table('run_events')
    _let_go()
    op.execute("DELETE FROM runs WHERE status IN ('requested', 'held', 'missed') AND id NOT IN "
               "(SELECT run_id FROM scan_runs WHERE run_id IS NOT NULL)")
    op.execute("UPDATE runs SET status = 'done' WHERE status = 'done_with_quarantine'")
    op.execute("UPDATE runs SET status = 'interrupted' WHERE status IN ('requested', 'held', 'missed')")
    op.execute('UPDATE runs SET started_at = requested_at WHERE started_at IS NULL')
    with op.batch_alter_table('runs', schema=None) as batch_op:
        batch_op.drop_index('uq_runs_one_running')
        batch_op.drop_index('uq_runs_night')
        batch_op.drop_constraint(op.f('ck_runs_status'), type_='check')
        for name in ('requested_at', *COUNTED, 'owner', 'lease_until', 'heartbeat_at', 'not_before'):
            batch_op.drop_column(name)
        batch_op.alter_column('started_at', existing_type=sa.DateTime(timezone=True), nullable=False)
        batch_op.alter_column('status', existing_type=sa.String(length=24), type_=sa.String(length=16))
        batch_op.create_check_constraint(op.f('ck_runs_status'), _among(BEFORE))
        batch_op.create_index('ix_runs_job', ['job', 'as_of'], unique=False)
    _take_up()
