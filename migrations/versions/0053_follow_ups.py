"""How long an interest was left alone when it was last followed up.

Revision ID: 0053
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

CHECK = "ck_interests_followed_up_days"
OPEN = "outcome IS NULL AND archived_at IS NULL"


def upgrade() -> None:
    op.add_column("interests", sa.Column("followed_up_days", sa.SmallInteger()))
    op.execute(f'ALTER TABLE interests ADD CONSTRAINT "{CHECK}" CHECK (followed_up_days > 0) NOT VALID')
    op.execute(f'ALTER TABLE interests VALIDATE CONSTRAINT "{CHECK}"')
    with op.get_context().autocommit_block():
        op.execute(f"CREATE INDEX CONCURRENTLY ix_interests_active_at ON interests (port_id, active_at) WHERE {OPEN}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY ix_interests_active_at")
    op.drop_column("interests", "followed_up_days")
