"""Which ends of tenures were told of, the berths by the end of their tenure, and what is repaired on them.

Revision ID: 0041
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

ENDING = "ix_berths_tenure_expires_on_current"


def upgrade() -> None:
    op.create_table(
        "berth_tenure_reminders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("berth_id", sa.Uuid(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("berth_id", "expires_on", "step"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
        sa.CheckConstraint("step IN ('ahead', 'past')", name="step"),
    )
    op.create_index("ix_berth_tenure_reminders_port_id_berth_id", "berth_tenure_reminders", ["port_id", "berth_id"])
    fence_port("berth_tenure_reminders")
    create_log()
    with op.get_context().autocommit_block():
        op.execute(
            f"CREATE INDEX CONCURRENTLY {ENDING} ON berths (port_id, tenure_expires_on, id)"
            " WHERE archived_at IS NULL AND tenure_expires_on IS NOT NULL"
        )


def create_log() -> None:
    op.create_table(
        "berth_maintenance_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("berth_id", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(120), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("cost", sa.Numeric(14, 2)),
        sa.Column("currency", sa.String(3)),
        sa.Column("occupancy_id", sa.Uuid()),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.Uuid()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by_id", sa.Uuid()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["port_id", "occupancy_id"],
            ["berth_occupancies.port_id", "berth_occupancies.id"],
            ondelete="SET NULL (occupancy_id)",
        ),
        sa.ForeignKeyConstraint(["opened_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["closed_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint("what <> ''", name="what"),
        sa.CheckConstraint("cost >= 0", name="cost"),
        sa.CheckConstraint("num_nulls(cost, currency) <> 1", name="currency"),
        sa.CheckConstraint("closed_at >= opened_at", name="closed_at"),
    )
    for name, columns in (
        ("berth", ["port_id", "berth_id", "opened_at", "id"]),
        ("port_id_occupancy_id", ["port_id", "occupancy_id"]),
        ("opened_by_id", ["opened_by_id"]),
        ("closed_by_id", ["closed_by_id"]),
    ):
        op.create_index(f"ix_berth_maintenance_log_{name}", "berth_maintenance_log", columns)
    op.create_index(
        "ix_berth_maintenance_log_open",
        "berth_maintenance_log",
        ["port_id", "berth_id"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    fence_port("berth_maintenance_log")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY {ENDING}")
    op.drop_table("berth_maintenance_log")
    op.drop_table("berth_tenure_reminders")
