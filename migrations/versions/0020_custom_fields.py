"""Custom fields of clients and vessels: what they are, and what is in them.

Revision ID: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.policies import fence_port

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KINDS = "'text', 'number', 'money', 'date', 'choice', 'yes_no'"
# Which column holds a value, by its kind.
HOLDS = """
    CASE WHEN kind IN ('number', 'money') THEN number_value IS NOT NULL AND num_nonnulls(text_value, date_value) = 0
         WHEN kind = 'date' THEN date_value IS NOT NULL AND num_nonnulls(text_value, number_value) = 0
         WHEN kind = 'yes_no' THEN text_value IN ('yes', 'no') AND num_nonnulls(number_value, date_value) = 0
         ELSE text_value <> '' AND num_nonnulls(number_value, date_value) = 0 END IS TRUE
"""


def upgrade() -> None:
    op.create_table(
        "custom_field_definitions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("resource", sa.String(20), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("options", pg.JSONB(), nullable=False),
        sa.Column("currency", sa.String(3)),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("help", sa.String(200), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "id", "resource", "kind"),
        sa.UniqueConstraint("port_id", "resource", "key"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.CheckConstraint(
            "resource IN ('client', 'vessel', 'interest', 'berth', 'lead', 'claim', 'ticket', 'asset', 'location',"
            " 'product')",
            name="resource",
        ),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        sa.CheckConstraint("key ~ '^[a-z0-9_]+$'", name="key"),
        sa.CheckConstraint("label <> ''", name="label"),
        sa.CheckConstraint("jsonb_typeof(options) = 'array'", name="options"),
        sa.CheckConstraint("(kind = 'choice') = (options <> '[]'::jsonb)", name="choices"),
        sa.CheckConstraint("(kind = 'money') = (currency IS NOT NULL)", name="currency"),
    )
    op.create_index(
        "ix_custom_field_definitions_order", "custom_field_definitions", ["port_id", "resource", "position", "id"]
    )
    op.execute(
        "CREATE UNIQUE INDEX uq_custom_field_definitions_label ON custom_field_definitions"
        " (port_id, resource, lower(label)) WHERE archived_at IS NULL"
    )
    op.create_table(
        "custom_field_values",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("resource", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("client_id", sa.Uuid()),
        sa.Column("vessel_id", sa.Uuid()),
        sa.Column("text_value", sa.Text()),
        sa.Column("number_value", sa.Numeric(20, 6)),
        sa.Column("date_value", sa.Date()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("client_id", "definition_id"),
        sa.UniqueConstraint("vessel_id", "definition_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        # Holds a definition to its kind while there are values of it.
        sa.ForeignKeyConstraint(
            ["port_id", "definition_id", "resource", "kind"],
            [f"custom_field_definitions.{name}" for name in ("port_id", "id", "resource", "kind")],
            name="fk_custom_field_values_definition",
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["port_id", "vessel_id"], ["vessels.port_id", "vessels.id"], ondelete="CASCADE"),
        sa.CheckConstraint(
            "num_nonnulls(client_id, vessel_id) = 1 AND resource = CASE WHEN client_id IS NULL THEN 'vessel'"
            " ELSE 'client' END",
            name="of",
        ),
        sa.CheckConstraint(HOLDS, name="holds"),
        sa.CheckConstraint("length(text_value) <= 500", name="text"),
    )
    op.create_index("ix_custom_field_values_port_id_client_id", "custom_field_values", ["port_id", "client_id"])
    op.create_index("ix_custom_field_values_port_id_vessel_id", "custom_field_values", ["port_id", "vessel_id"])
    op.create_index(
        "ix_custom_field_values_definition", "custom_field_values", ["port_id", "definition_id", "resource", "kind"]
    )
    op.create_index(
        "ix_custom_field_values_chosen",
        "custom_field_values",
        ["port_id", "definition_id", "text_value", "client_id", "vessel_id"],
        postgresql_where="kind IN ('choice', 'yes_no')",
    )
    for table in ("custom_field_definitions", "custom_field_values"):
        fence_port(table)


def downgrade() -> None:
    op.drop_table("custom_field_values")
    op.drop_table("custom_field_definitions")
