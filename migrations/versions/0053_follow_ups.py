"""How long an interest was left alone when it was last followed up.

Revision ID: 0053
"""

from __future__ import annotations

from alembic import op

from migrations.indexes import beside, drop_index, make_index

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

CHECK = "ck_interests_followed_up_days"
OPEN = "outcome IS NULL AND archived_at IS NULL"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE interests ADD COLUMN IF NOT EXISTS followed_up_days smallint,"
        f" DROP CONSTRAINT IF EXISTS {CHECK}, ADD CONSTRAINT {CHECK} CHECK (followed_up_days > 0) NOT VALID"
    )
    op.execute(f"ALTER TABLE interests VALIDATE CONSTRAINT {CHECK}")
    with beside():
        make_index("ix_interests_active_at", f"interests (port_id, active_at) WHERE {OPEN}")


def downgrade() -> None:
    with beside():
        drop_index("ix_interests_active_at")
    op.drop_column("interests", "followed_up_days")
