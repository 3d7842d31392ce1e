"""Interests in the order of the day on which they may be completed, and of their value.

Revision ID: 0057
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

COLUMNS = {
    "closes": (sa.Date(), "coalesce(expected_close_on, DATE '9999-12-31')"),
    "worth": (sa.Integer(), "least(coalesce(expected_value, -1), 2147483647)::integer"),
}


def upgrade() -> None:
    for name, (kind, computed) in COLUMNS.items():
        op.add_column("interests", sa.Column(name, kind, sa.Computed(computed, persisted=True), nullable=False))
    with op.get_context().autocommit_block():
        for name in COLUMNS:
            index = f"ix_interests_{name}_current"
            op.create_index(
                index,
                "interests",
                ["port_id", name, "id"],
                postgresql_where="archived_at IS NULL",
                postgresql_concurrently=True,
            )
            is_valid = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
            assert op.get_bind().scalar(is_valid.bindparams(name=index))  # noqa: S101  # left half made it must stop here


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_index(f"ix_interests_{name}_current", "interests")
        op.drop_column("interests", name)
