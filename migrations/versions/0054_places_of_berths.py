"""Where single berths lie on the plan of their harbour.

Revision ID: 0054
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "berth_map_data",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("berth_id", sa.Uuid(), nullable=False),
        sa.Column("x", sa.Numeric(5, 1), nullable=False),
        sa.Column("y", sa.Numeric(5, 1), nullable=False),
        sa.Column("turn", sa.SmallInteger(), nullable=False),
        sa.Column("label_x", sa.Numeric(4, 1)),
        sa.Column("label_y", sa.Numeric(4, 1)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "berth_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
        sa.CheckConstraint("x BETWEEN 0 AND 5000 AND y BETWEEN 0 AND 5000", name="place"),
        sa.CheckConstraint("turn BETWEEN 0 AND 359", name="turn"),
        sa.CheckConstraint(
            "num_nulls(label_x, label_y) <> 1 AND label_x BETWEEN -100 AND 100 AND label_y BETWEEN -100 AND 100",
            name="label",
        ),
    )
    fence_port("berth_map_data")


def downgrade() -> None:
    op.drop_table("berth_map_data")
