"""Deposits that were taken back, and from when on the tenure of a sold berth is its buyer's.

Revision ID: 0064
"""

from __future__ import annotations

from alembic import op

from migrations.indexes import beside, drop_index, make_index

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

INDEX = "ix_interests_tenure_from"


def upgrade() -> None:
    op.execute("ALTER TABLE interest_deposits ADD COLUMN IF NOT EXISTS reversed_at timestamptz")
    op.execute("ALTER TABLE interests ADD COLUMN IF NOT EXISTS tenure_from date")
    with beside():
        make_index(INDEX, "interests (port_id, tenure_from) WHERE tenure_from IS NOT NULL")


def downgrade() -> None:
    with beside():
        drop_index(INDEX)
    op.execute("ALTER TABLE interests DROP COLUMN IF EXISTS tenure_from")
    op.execute("ALTER TABLE interest_deposits DROP COLUMN IF EXISTS reversed_at")
