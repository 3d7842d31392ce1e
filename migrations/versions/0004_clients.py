"""Clients, their contacts and notes, imports.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.policies import fence_port

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _key() -> list[sa.Column]:
    return [sa.Column("id", sa.Uuid(), nullable=False), sa.Column("port_id", sa.Uuid(), nullable=False)]


def _stamps() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _port_scoped() -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    ]


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False)


def upgrade() -> None:
    op.create_table(
        "clients",
        *_key(),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("kind", 10),
        _text("full_name", 200),
        sa.Column("sort_name", sa.String(200, collation="C"), nullable=False),
        _text("company_name", 200),
        _text("preferred_name", 100),
        _text("nationality", 2),
        sa.Column("languages", pg.ARRAY(sa.String(10)), nullable=False),
        _text("source", 20),
        _text("status", 20),
        _text("tax_number", 40),
        _text("street", 200),
        _text("postcode", 20),
        _text("town", 100),
        _text("region", 100),
        _text("country", 2),
        sa.Column("owner_id", sa.Uuid()),
        sa.Column("created_by_id", sa.Uuid()),
        sa.Column("marketing_consent_at", sa.DateTime(timezone=True)),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        *_stamps(),
        *_port_scoped(),
        sa.UniqueConstraint("port_id", "number"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint("kind IN ('person', 'company')", name="kind"),
        sa.CheckConstraint("status IN ('prospect', 'active', 'former')", name="status"),
        sa.CheckConstraint("source IN ('website', 'manual', 'referral', 'broker', 'event', 'other')", name="source"),
        sa.CheckConstraint("full_name <> ''", name="full_name"),
    )
    for column in ("sort_name", "created_at", "updated_at"):
        op.create_index(
            f"ix_clients_{column}_current",
            "clients",
            ["port_id", column, "id"],
            postgresql_where="archived_at IS NULL",
        )
    op.create_index(
        "ix_clients_archived", "clients", ["port_id", "sort_name", "id"], postgresql_where="archived_at IS NOT NULL"
    )
    op.create_index("ix_clients_owner_current", "clients", ["port_id", "owner_id", "sort_name", "id"])
    op.create_index("ix_clients_status_current", "clients", ["port_id", "status", "sort_name", "id"])
    op.create_index("ix_clients_owner_id", "clients", ["owner_id"])
    op.create_index("ix_clients_created_by_id", "clients", ["created_by_id"])
    op.create_table(
        "client_contacts",
        *_key(),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        _text("kind", 10),
        _text("value", 320),
        sa.Column("normalised", sa.Text(), nullable=False),
        _text("label", 60),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        *_stamps(),
        *_port_scoped(),
        sa.ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        sa.CheckConstraint("kind IN ('email', 'phone', 'whatsapp', 'address')", name="kind"),
        sa.CheckConstraint(r"kind NOT IN ('phone', 'whatsapp') OR normalised ~ '^\+[1-9][0-9]{4,14}$'", name="e164"),
        sa.CheckConstraint("kind <> 'email' OR normalised = lower(normalised)", name="email"),
    )
    op.create_index(
        "uq_client_contacts_primary",
        "client_contacts",
        ["client_id", "kind"],
        unique=True,
        postgresql_where="is_primary AND archived_at IS NULL",
    )
    op.create_index(
        "uq_client_contacts_value",
        "client_contacts",
        ["client_id", "kind", "normalised"],
        unique=True,
        postgresql_where="archived_at IS NULL",
    )
    op.create_index(
        "ix_client_contacts_normalised",
        "client_contacts",
        ["port_id", "normalised"],
        postgresql_where="archived_at IS NULL",
    )
    op.create_index("ix_client_contacts_port_id_client_id", "client_contacts", ["port_id", "client_id"])
    op.create_table(
        "client_notes",
        *_key(),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid()),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        *_stamps(),
        *_port_scoped(),
        sa.ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint("body <> ''", name="body"),
    )
    op.create_index("ix_client_notes_port_id_client_id", "client_notes", ["port_id", "client_id"])
    op.create_index("ix_client_notes_author_id", "client_notes", ["author_id"])
    op.create_table(
        "imports",
        *_key(),
        sa.Column("number", sa.Integer(), nullable=False),
        _text("filename", 200),
        sa.Column("storage_key", sa.Text(), nullable=False),
        _text("status", 20),
        sa.Column("mapping", pg.JSONB(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("total", "done", "new_count", "duplicate_count", "wrong_count", "created_count")
        ),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.Uuid()),
        *_stamps(),
        *_port_scoped(),
        sa.UniqueConstraint("port_id", "number"),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint(
            "status IN ('checking', 'preview', 'running', 'stopping', 'stopped', 'finished', 'failed')",
            name="status",
        ),
    )
    op.create_index("ix_imports_created_by_id", "imports", ["created_by_id"])
    op.create_table(
        "import_rows",
        *_key(),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("source", pg.JSONB(), nullable=False),
        sa.Column("fields", pg.JSONB(), nullable=False),
        _text("verdict", 20),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid()),
        *_port_scoped(),
        sa.UniqueConstraint("import_id", "row_number"),
        sa.ForeignKeyConstraint(["port_id", "import_id"], ["imports.port_id", "imports.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        sa.CheckConstraint("verdict IN ('new', 'duplicate', 'wrong')", name="verdict"),
    )
    op.create_index(
        "ix_import_rows_port_id_import_id", "import_rows", ["port_id", "import_id", "verdict", "row_number"]
    )
    op.create_index("ix_import_rows_port_id_client_id", "import_rows", ["port_id", "client_id"])
    for table in ("clients", "client_contacts", "client_notes", "imports", "import_rows"):
        fence_port(table)


def downgrade() -> None:
    for table in ("import_rows", "imports", "client_notes", "client_contacts", "clients"):
        op.drop_table(table)
