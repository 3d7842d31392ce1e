"""Interests in the order of the day on which they may be completed, and of their value.

Revision ID: 0057
"""

from __future__ import annotations

from alembic import op

from migrations.indexes import beside, make_index

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

COLUMNS = {
    "closes": "date GENERATED ALWAYS AS (coalesce(expected_close_on, DATE '9999-12-31')) STORED NOT NULL",
    "worth": "integer GENERATED ALWAYS AS (least(coalesce(expected_value, -1), 2147483647)::integer) STORED NOT NULL",
}


def upgrade() -> None:
    op.execute(
        "ALTER TABLE interests "
        + ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {what}" for name, what in COLUMNS.items())
    )
    with beside():
        for name in COLUMNS:
            make_index(f"ix_interests_{name}_current", f"interests (port_id, {name}, id) WHERE archived_at IS NULL")


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_index(f"ix_interests_{name}_current", "interests")
        op.drop_column("interests", name)
