"""The stays that are not over, by when they begin and end: what the dashboard counts.

Revision ID: 0043
"""

from __future__ import annotations

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

INDEXES = {
    "open": "(port_id, begins_at, berth_id) WHERE state IN ('planned', 'confirmed', 'active')",
    "leaving": "(port_id, ends_at) WHERE state = 'active'",
    "arrived": "(port_id, arrived_at) WHERE state = 'active'",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, what in INDEXES.items():
            op.execute(f"CREATE INDEX CONCURRENTLY ix_berth_occupancies_{name} ON berth_occupancies {what}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY ix_berth_occupancies_{name}")
