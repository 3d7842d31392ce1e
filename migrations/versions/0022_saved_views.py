"""Saved views of lists, and the scratchpad.

Revision ID: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import PORT, STAFF, USER, fence

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def _port_scoped() -> tuple[list[sa.Column], list[sa.Constraint]]:
    columns = [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]
    constraints: list[sa.Constraint] = [
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
    ]
    return columns, constraints


def upgrade() -> None:
    columns, constraints = _port_scoped()
    op.create_table(
        "saved_views",
        *columns,
        sa.Column("resource", sa.String(40), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        *constraints,
        sa.CheckConstraint("name <> ''", name="name"),
    )
    op.create_index("ix_saved_views_resource", "saved_views", ["port_id", "resource", "name", "id"])
    op.create_index("ix_saved_views_user_id", "saved_views", ["user_id"])
    op.create_index(
        "uq_saved_views_name",
        "saved_views",
        ["port_id", "user_id", "resource", sa.text("lower(name)")],
        unique=True,
        postgresql_where="archived_at IS NULL",
    )
    fence("saved_views", f"port_id = {PORT} AND {STAFF} AND (is_shared OR user_id = {USER})")
    columns, constraints = _port_scoped()
    op.create_table(
        "scratchpad_notes",
        *columns,
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *constraints,
        sa.UniqueConstraint("port_id", "user_id"),
    )
    op.create_index("ix_scratchpad_notes_user_id", "scratchpad_notes", ["user_id"])
    fence("scratchpad_notes", f"port_id = {PORT} AND user_id = {USER} AND {STAFF}")


def downgrade() -> None:
    op.drop_table("scratchpad_notes")
    op.drop_table("saved_views")
