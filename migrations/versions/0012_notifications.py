"""What of notifications the list shows: who wants one by mail only is told there alone.

Revision ID: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notifications", sa.Column("in_app", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.alter_column("notifications", "in_app", server_default=None)
    op.drop_index("ix_notifications_user_id", "notifications")
    op.create_index("ix_notifications_newest", "notifications", ["user_id", "port_id", "created_at", "id"])
    op.create_index(
        "ix_notifications_undigested", "notifications", ["port_id", "user_id"], postgresql_where="digested_at IS NULL"
    )


def downgrade() -> None:
    op.drop_index("ix_notifications_undigested", "notifications")
    op.drop_index("ix_notifications_newest", "notifications")
    op.create_index("ix_notifications_user_id", "notifications", ["user_id", "port_id", "id"])
    op.drop_column("notifications", "in_app")
