"""Accounts, sessions and the paths of regions

Revision 0020, after 0040.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op


revision: str = '0020'
down_revision: str | None = '0040'
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
EVERYTHING = ['*']
WORKERS = sa.table('workers', sa.column('id', sa.Uuid()), sa.column('token_hash', sa.String()),
                   sa.column('role', sa.String()), sa.column('region', sa.String()))
TOKENS = sa.table('service_tokens', sa.column('id', sa.Uuid()), sa.column('worker_id', sa.Uuid()),
                  sa.column('hash', sa.String()), sa.column('scopes', sa.JSON()), sa.column('note', sa.Text()),
                  sa.column('made_by', sa.Text()), sa.column('made_at', sa.DateTime(timezone=True)),
                  sa.column('expires_at', sa.DateTime(timezone=True)))
GRANTS = sa.table('grants', sa.column('worker_id', sa.Uuid()), sa.column('role', sa.String()),
                  sa.column('region', sa.String()), sa.column('by', sa.Text()), sa.column('why', sa.Text()),
                  sa.column('at', sa.DateTime(timezone=True)))


def upgrade() -> None:
    workers = op.get_bind().execute(sa.select(WORKERS)).all()
    # Before any table refers to it: SQLite makes the table anew, and drops the old one.
    with op.batch_alter_table('workers') as batch:
        batch.drop_constraint(op.f('uq_workers_token_hash'), type_='unique')
        batch.drop_column('token_hash')
        batch.add_column(sa.Column('login', sa.String(length=64), nullable=True))
        batch.add_column(sa.Column('staff_no', sa.String(length=32), nullable=True))
        batch.add_column(sa.Column('subject', sa.String(length=255), nullable=True))
        batch.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
        batch.create_unique_constraint(op.f('uq_workers_login'), ['login'])
        batch.create_unique_constraint(op.f('uq_workers_staff_no'), ['staff_no'])
        batch.create_unique_constraint(op.f('uq_workers_subject'), ['subject'])

    op.add_column('regions', sa.Column('path', sa.String(length=96), nullable=True))
    op.create_table('credentials',
    sa.Column('worker_id', sa.Uuid(), nullable=False),
    sa.Column('password', sa.String(length=255), nullable=True),
    sa.Column('password_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('earlier', sa.JSON(), nullable=False),
    sa.Column('totp', sa.LargeBinary(), nullable=True),
    sa.Column('totp_proposed', sa.LargeBinary(), nullable=True),
    sa.Column('totp_step', sa.BigInteger(), nullable=False),
    sa.Column('recovery', sa.JSON(), nullable=False),
    sa.Column('invitation', sa.String(length=64), nullable=True),
    sa.Column('invited_until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['worker_id'], ['workers.id'], name=op.f('fk_credentials_worker_id')),
    sa.PrimaryKeyConstraint('worker_id', name=op.f('pk_credentials')),
    sa.UniqueConstraint('invitation', name=op.f('uq_credentials_invitation'))
    )
    op.create_table('sign_ins',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('worker_id', sa.Uuid(), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('source', sa.LargeBinary(length=32), nullable=True),
    sa.Column('how', sa.String(length=16), nullable=False),
    sa.Column('second', sa.Boolean(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('proved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_why', sa.String(length=32), nullable=True),
    sa.CheckConstraint("how IN ('password', 'oidc')", name=op.f('ck_sign_ins_how')),
    sa.ForeignKeyConstraint(['worker_id'], ['workers.id'], name=op.f('fk_sign_ins_worker_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_ins')),
    sa.UniqueConstraint('hash', name=op.f('uq_sign_ins_hash'))
    )
    op.create_index(op.f('ix_sign_ins_worker_id'), 'sign_ins', ['worker_id'], unique=False)
    op.create_table('attempts',
    sa.Column('key', sa.LargeBinary(length=32), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('blocked_until', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_attempts'))
    )
    op.create_table('service_tokens',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('worker_id', sa.Uuid(), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('scopes', sa.JSON(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('made_by', sa.Text(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['worker_id'], ['workers.id'], name=op.f('fk_service_tokens_worker_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service_tokens')),
    sa.UniqueConstraint('hash', name=op.f('uq_service_tokens_hash'))
    )
    op.create_index(op.f('ix_service_tokens_worker_id'), 'service_tokens', ['worker_id'], unique=False)
    op.create_table('grants',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('worker_id', sa.Uuid(), nullable=False),
    sa.Column('role', sa.String(length=32), nullable=False),
    sa.Column('region', sa.String(length=12), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['worker_id'], ['workers.id'], name=op.f('fk_grants_worker_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grants'))
    )
    op.create_index(op.f('ix_grants_worker_id'), 'grants', ['worker_id'], unique=False)
    _keep(workers)


def _keep(workers: Sequence[sa.Row]) -> None:
    """Every token becomes a machine's, good for a year and for all that its worker may do."""
    now = datetime.now(UTC)
    for worker in workers:
        op.execute(TOKENS.insert().values(
            id=uuid.uuid4(), worker_id=worker.id, hash=worker.token_hash, scopes=EVERYTHING, note='0020',
            made_by='migration 0020', made_at=now, expires_at=now + timedelta(days=365)))
        op.execute(GRANTS.insert().values(
            worker_id=worker.id, role=worker.role, region=worker.region, by='migration 0020', why='0020', at=now))


def downgrade() -> None:
    kept = op.get_bind().execute(
        sa.select(TOKENS.c.worker_id, sa.func.min(TOKENS.c.hash).label('hash')).group_by(TOKENS.c.worker_id)).all()
    for table in ('grants', 'service_tokens', 'attempts', 'sign_ins', 'credentials'):
        op.drop_table(table)
    with op.batch_alter_table('workers') as batch:
        batch.drop_constraint(op.f('uq_workers_subject'), type_='unique')
        batch.drop_constraint(op.f('uq_workers_staff_no'), type_='unique')
        batch.drop_constraint(op.f('uq_workers_login'), type_='unique')
        batch.drop_column('version')
        batch.drop_column('subject')
        batch.drop_column('staff_no')
        batch.drop_column('login')
        batch.add_column(sa.Column('token_hash', sa.String(length=64), nullable=True))
    for token in kept:
        op.execute(WORKERS.update().where(WORKERS.c.id == token.worker_id).values(token_hash=token.hash))
    op.execute(sa.text("UPDATE workers SET token_hash = 'none-' || CAST(id AS VARCHAR(40)) WHERE token_hash IS NULL"))
    with op.batch_alter_table('workers') as batch:
        batch.alter_column('token_hash', existing_type=sa.String(length=64), nullable=False)
        batch.create_unique_constraint(op.f('uq_workers_token_hash'), ['token_hash'])
    op.drop_column('regions', 'path')
