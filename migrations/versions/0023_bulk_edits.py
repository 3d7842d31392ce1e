"""Bulk edits of clients, and how far an open change set is.

Revision ID: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.policies import fence_port

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("expected", "seen"):
        op.add_column("change_sets", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        op.alter_column("change_sets", name, server_default=None)
    op.create_table(
        "bulk_edits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("change_set_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid()),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("fields", pg.JSONB(), nullable=False),
        sa.Column("chosen", pg.JSONB(), nullable=False),
        sa.Column("client_ids", pg.ARRAY(sa.Uuid())),
        sa.Column("only_own", sa.Boolean(), nullable=False),
        sa.Column("last_id", sa.Uuid()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["port_id", "change_set_id"], ["change_sets.port_id", "change_sets.id"], ondelete="CASCADE"
        ),
        sa.CheckConstraint("act IN ('edit', 'archive')", name="act"),
        sa.CheckConstraint("jsonb_typeof(fields) = 'object' AND jsonb_typeof(chosen) = 'object'", name="shape"),
    )
    op.create_index("ix_bulk_edits_change_set", "bulk_edits", ["port_id", "change_set_id"])
    op.create_index("ix_bulk_edits_user_id", "bulk_edits", ["user_id"])
    fence_port("bulk_edits")


def downgrade() -> None:
    op.drop_table("bulk_edits")
    for name in ("expected", "seen"):
        op.drop_column("change_sets", name)
