"""Reminders.

Revision ID: 0042
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

OPEN = "completed_at IS NULL AND archived_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("priority", sa.String(10), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(60), nullable=False),
        sa.Column("recurrence", sa.String(200), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=False), nullable=False),
        sa.Column("occurs_at", sa.DateTime(timezone=False), nullable=False),
        sa.Column("follows_id", sa.Uuid()),
        sa.Column("about_type", sa.String(40)),
        sa.Column("about_id", sa.Uuid()),
        sa.Column("assigned_to_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("created_by_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("snoozed_until", sa.DateTime(timezone=True)),
        sa.Column(
            "rings_at",
            sa.DateTime(timezone=True),
            sa.Computed("coalesce(snoozed_until, due_at)", persisted=True),
            nullable=False,
        ),
        sa.Column("rung_at", sa.DateTime(timezone=True)),
        sa.Column("told_overdue_at", sa.DateTime(timezone=True)),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("completed_by_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("once_for", sa.String(120)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "number"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["port_id", "follows_id"], ["reminders.port_id", "reminders.id"], ondelete="SET NULL (follows_id)"
        ),
        sa.CheckConstraint("title <> ''", name="title"),
        sa.CheckConstraint("priority IN ('low', 'normal', 'high', 'urgent')", name="priority"),
        sa.CheckConstraint("num_nulls(about_type, about_id) <> 1", name="about"),
        sa.CheckConstraint("follows_id <> id", name="follows"),
    )
    op.create_index("uq_reminders_follows_id", "reminders", ["port_id", "follows_id"], unique=True)
    op.create_index(
        "uq_reminders_once_for",
        "reminders",
        ["port_id", "once_for"],
        unique=True,
        postgresql_where="once_for IS NOT NULL",
    )
    op.create_index("ix_reminders_open", "reminders", ["port_id", "rings_at", "id"], postgresql_where=OPEN)
    op.create_index("ix_reminders_assigned_to", "reminders", ["assigned_to_id", "port_id", "rings_at", "id"])
    op.create_index("ix_reminders_created_by_id", "reminders", ["created_by_id"])
    op.create_index("ix_reminders_completed_by_id", "reminders", ["completed_by_id"])
    op.create_index("ix_reminders_about", "reminders", ["port_id", "about_type", "about_id", "rings_at"])
    op.create_index(
        "ix_reminders_done",
        "reminders",
        ["port_id", "completed_at", "id"],
        postgresql_where="completed_at IS NOT NULL",
    )
    for name, column in (("to_ring", "rung_at"), ("late", "told_overdue_at")):
        op.create_index(
            f"ix_reminders_{name}",
            "reminders",
            ["port_id", "rings_at"],
            postgresql_where=f"{column} IS NULL AND {OPEN}",
        )
    fence_port("reminders")


def downgrade() -> None:
    op.drop_table("reminders")
