"""A job that refreshes what the planner knows waits for nobody who has locked a table: its size is asked under a lock.

Revision ID: 0035
"""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER FUNCTION analyze_grown() SET lock_timeout = '100ms'")


def downgrade() -> None:
    op.execute("ALTER FUNCTION analyze_grown() RESET lock_timeout")
