"""What the rules of a port suggest for the status of a berth.

Revision ID: 0038
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

STATUSES = "('available', 'under_offer', 'reserved', 'sold', 'maintenance')"


def upgrade() -> None:
    op.add_column("berths", sa.Column("status_before", sa.String(20)))
    op.execute(
        "ALTER TABLE berths ADD CONSTRAINT ck_berths_status_before CHECK (status_before IS NULL OR status ="
        " 'maintenance' AND status_before IN ('available', 'under_offer', 'reserved', 'sold')) NOT VALID"
    )
    op.execute("ALTER TABLE berths VALIDATE CONSTRAINT ck_berths_status_before")
    op.create_table(
        "berth_status_suggestions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("berth_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.String(30), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("because", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "berth_id", "status"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
        sa.CheckConstraint(f"status IN {STATUSES}", name="status"),
    )
    op.create_index(
        "ix_berth_status_suggestions_created_at", "berth_status_suggestions", ["port_id", "created_at", "id"]
    )
    fence_port("berth_status_suggestions")


def downgrade() -> None:
    op.drop_table("berth_status_suggestions")
    op.drop_column("berths", "status_before")
