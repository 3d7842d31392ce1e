"""Exports of clients.

Revision ID: 0027
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.policies import fence_port

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(10), nullable=False),
        sa.Column("extent", sa.String(10), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("chosen", pg.JSONB(), nullable=False),
        sa.Column("client_ids", pg.ARRAY(sa.Uuid())),
        sa.Column("sort", sa.String(20), nullable=False),
        sa.Column("descending", sa.Boolean(), nullable=False),
        sa.Column("columns", pg.ARRAY(sa.String(40)), nullable=False),
        sa.Column("only_own", sa.Boolean(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("created_by_id", sa.Uuid()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "number"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint("format IN ('xlsx', 'csv', 'vcf')", name="format"),
        sa.CheckConstraint("extent IN ('shown', 'all')", name="extent"),
        sa.CheckConstraint("status IN ('running', 'finished', 'stopped', 'failed')", name="status"),
        sa.CheckConstraint("(status = 'finished') = (finished_at IS NOT NULL)", name="finished"),
        sa.CheckConstraint("(status = 'finished') = (storage_key <> '')", name="stored"),
        sa.CheckConstraint("jsonb_typeof(chosen) = 'object'", name="shape"),
        sa.CheckConstraint("done >= 0 AND total >= 0 AND size >= 0", name="progress"),
    )
    op.create_index("ix_exports_created_by_id", "exports", ["created_by_id"])
    fence_port("exports")


def downgrade() -> None:
    op.drop_table("exports")
