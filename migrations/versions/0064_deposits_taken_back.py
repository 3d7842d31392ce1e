"""Deposits that were taken back, and from when on the tenure of a sold berth is its buyer's.

Revision ID: 0064
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

INDEX = "ix_interests_tenure_from"


def upgrade() -> None:
    op.add_column("interest_deposits", sa.Column("reversed_at", sa.DateTime(timezone=True)))
    op.add_column("interests", sa.Column("tenure_from", sa.Date()))
    with op.get_context().autocommit_block():
        op.create_index(
            INDEX,
            "interests",
            ["port_id", "tenure_from"],
            postgresql_where="tenure_from IS NOT NULL",
            postgresql_concurrently=True,
        )
        is_valid = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
        assert op.get_bind().scalar(is_valid.bindparams(name=INDEX))  # noqa: S101  # left half made it must stop here


def downgrade() -> None:
    op.drop_index(INDEX, "interests")
    op.drop_column("interests", "tenure_from")
    op.drop_column("interest_deposits", "reversed_at")
