"""Pictures of harbours behind their docks.

Revision ID: 0058
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

HOLDERS = (
    "clients",
    "vessels",
    "interests",
    "berths",
    "expenses",
    "invoices",
    "documents",
    "claims",
    "tickets",
    "assets",
    "general",
)


def hold_files(entities: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{entity}'" for entity in entities)
    op.drop_constraint(op.f("ck_files_entity"), "files", type_="check")
    op.execute(f"ALTER TABLE files ADD CONSTRAINT ck_files_entity CHECK (entity IN ({listed})) NOT VALID")
    op.execute("ALTER TABLE files VALIDATE CONSTRAINT ck_files_entity")


def upgrade() -> None:
    hold_files((*HOLDERS, "harbours"))
    op.create_table(
        "harbour_plans",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("harbour_id", sa.Uuid(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("x", sa.Numeric(5, 1), nullable=False),
        sa.Column("y", sa.Numeric(5, 1), nullable=False),
        sa.Column("width", sa.Numeric(5, 1), nullable=False),
        sa.Column("opacity", sa.SmallInteger(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "harbour_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["port_id", "harbour_id"], ["harbours.port_id", "harbours.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["port_id", "file_id"], ["files.port_id", "files.id"], ondelete="RESTRICT"),
        sa.CheckConstraint("x BETWEEN -5000 AND 5000 AND y BETWEEN -5000 AND 5000", name="place"),
        sa.CheckConstraint("width BETWEEN 1 AND 9999", name="width"),
        sa.CheckConstraint("opacity BETWEEN 5 AND 100", name="opacity"),
    )
    op.create_index("ix_harbour_plans_file", "harbour_plans", ["port_id", "file_id"])
    fence_port("harbour_plans")


def downgrade() -> None:
    op.drop_table("harbour_plans")
    op.execute("UPDATE files SET entity = 'general', entity_id = NULL WHERE entity = 'harbours'")
    hold_files(HOLDERS)
