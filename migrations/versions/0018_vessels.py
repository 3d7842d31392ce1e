"""Vessels, whose they were, their documents; what clients are to each other; events told in two timelines.

Revision ID: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

DIMENSIONS = ("loa", "beam", "draft", "air_draft", "displacement")
MEASURES = tuple(f"{name}_{how}" for name in DIMENSIONS for how in ("declared", "measured"))
# Six digits weighted from seven down to two; the last of their sum is the seventh.
IMO_CHECK = " + ".join(f"substr(imo, {at}, 1)::int * {8 - at}" for at in range(1, 7))


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


def _inside(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["port_id", column], [f"{table}.port_id", f"{table}.id"], ondelete="CASCADE")


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False)


def upgrade() -> None:
    op.create_table(
        "event_mentions",
        _text("subject_type", 40),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("subject_type", "subject_id", "event_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    )
    op.create_index("ix_event_mentions_event_id", "event_mentions", ["event_id"])
    op.create_index("ix_event_mentions_port_id", "event_mentions", ["port_id"])
    fence_port("event_mentions", grants="SELECT, INSERT")
    create_relationships()
    create_vessels()
    create_ownerships()
    create_documents()


def create_relationships() -> None:
    op.create_table(
        "client_relationships",
        *_key(),
        sa.Column("from_id", sa.Uuid(), nullable=False),
        sa.Column("to_id", sa.Uuid(), nullable=False),
        _text("kind", 20),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        *_stamps(),
        *_port_scoped(),
        _inside("from_id", "clients"),
        _inside("to_id", "clients"),
        sa.CheckConstraint("from_id <> to_id", name="self"),
        sa.CheckConstraint("kind IN ('owner', 'captain', 'crew', 'broker', 'spouse', 'company', 'agent')", name="kind"),
    )
    for column in ("from_id", "to_id"):
        op.create_index(f"ix_client_relationships_port_id_{column}", "client_relationships", ["port_id", column])
    op.create_index(
        "uq_client_relationships_pair",
        "client_relationships",
        ["from_id", "to_id", "kind"],
        unique=True,
        postgresql_where="archived_at IS NULL",
    )
    op.create_index(
        "uq_client_relationships_spouses",
        "client_relationships",
        [sa.text("least(from_id, to_id)"), sa.text("greatest(from_id, to_id)")],
        unique=True,
        postgresql_where="kind = 'spouse' AND archived_at IS NULL",
    )
    fence_port("client_relationships")


def create_vessels() -> None:
    op.create_table(
        "vessels",
        *_key(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        _text("name", 120),
        sa.Column("sort_name", sa.String(200, collation="C"), nullable=False),
        _text("kind", 20),
        _text("flag", 2),
        _text("registration", 40),
        _text("imo", 7),
        _text("mmsi", 9),
        *(sa.Column(name, sa.Numeric(6, 2)) for name in MEASURES),
        sa.Column("measured_on", sa.Date()),
        sa.Column("measured_by_id", sa.Uuid()),
        sa.Column(
            "length",
            sa.Integer(),
            sa.Computed("coalesce(loa_measured, loa_declared, 0) * 100", persisted=True),
            nullable=False,
        ),
        sa.Column("power_amps", sa.SmallInteger()),
        sa.Column("power_phases", sa.SmallInteger()),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        *_stamps(),
        *_port_scoped(),
        sa.UniqueConstraint("port_id", "number"),
        _inside("client_id", "clients"),
        sa.ForeignKeyConstraint(["measured_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint("kind IN ('sail', 'motor', 'catamaran', 'trimaran', 'rib', 'other')", name="kind"),
        sa.CheckConstraint("name <> ''", name="name"),
        *(sa.CheckConstraint(f"{name} > 0", name=name) for name in MEASURES),
        sa.CheckConstraint(
            f"num_nonnulls({', '.join(n for n in MEASURES if n.endswith('measured'))}) = 0 OR measured_on IS NOT NULL",
            name="measured_on",
        ),
        sa.CheckConstraint(
            f"imo = '' OR (imo ~ '^[0-9]{{7}}$' AND ({IMO_CHECK}) % 10 = substr(imo, 7, 1)::int)", name="imo"
        ),
        sa.CheckConstraint("mmsi = '' OR mmsi ~ '^[0-9]{9}$'", name="mmsi"),
        sa.CheckConstraint("power_amps > 0", name="power_amps"),
        sa.CheckConstraint("power_phases IN (1, 3)", name="power_phases"),
    )
    op.create_index("ix_vessels_client", "vessels", ["port_id", "client_id", "sort_name", "id"])
    op.create_index("ix_vessels_measured_by_id", "vessels", ["measured_by_id"])
    for column in ("sort_name", "length", "updated_at"):
        op.create_index(
            f"ix_vessels_{column}_current",
            "vessels",
            ["port_id", column, "id"],
            postgresql_where="archived_at IS NULL",
        )
    op.create_index(
        "ix_vessels_archived", "vessels", ["port_id", "sort_name", "id"], postgresql_where="archived_at IS NOT NULL"
    )
    for column in ("imo", "mmsi"):
        op.create_index(
            f"uq_vessels_{column}",
            "vessels",
            ["port_id", column],
            unique=True,
            postgresql_where=f"{column} <> '' AND archived_at IS NULL",
        )
    fence_port("vessels")


def create_ownerships() -> None:
    op.create_table(
        "vessel_ownerships",
        *_key(),
        sa.Column("vessel_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date()),
        sa.Column("until", sa.Date()),
        *_stamps(),
        *_port_scoped(),
        _inside("vessel_id", "vessels"),
        _inside("client_id", "clients"),
        sa.CheckConstraint("until >= since", name="until"),
    )
    for column in ("vessel_id", "client_id"):
        op.create_index(f"ix_vessel_ownerships_port_id_{column}", "vessel_ownerships", ["port_id", column])
    op.create_index(
        "uq_vessel_ownerships_present",
        "vessel_ownerships",
        ["vessel_id"],
        unique=True,
        postgresql_where="until IS NULL",
    )
    fence_port("vessel_ownerships")


def create_documents() -> None:
    op.create_table(
        "vessel_documents",
        *_key(),
        sa.Column("vessel_id", sa.Uuid(), nullable=False),
        _text("kind", 30),
        _text("issuer", 120),
        _text("reference", 80),
        sa.Column("cover_amount", sa.Numeric(14, 2)),
        sa.Column("cover_currency", sa.String(3)),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_until", sa.Date()),
        sa.Column("verified_at", sa.DateTime(timezone=True)),
        sa.Column("verified_by_id", sa.Uuid()),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        *_stamps(),
        *_port_scoped(),
        _inside("vessel_id", "vessels"),
        sa.ForeignKeyConstraint(["verified_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint(
            "kind IN ('insurance', 'registration', 'survey', 'electrical_certificate', 'crew_list', 'other')",
            name="kind",
        ),
        sa.CheckConstraint("valid_until >= valid_from", name="valid_until"),
        sa.CheckConstraint("cover_amount > 0", name="cover_amount"),
        sa.CheckConstraint("num_nonnulls(cover_amount, cover_currency) <> 1", name="cover"),
        sa.CheckConstraint("cover_currency ~ '^[A-Z]{3}$'", name="cover_currency"),
    )
    op.create_index("ix_vessel_documents_port_id_vessel_id", "vessel_documents", ["port_id", "vessel_id"])
    op.create_index("ix_vessel_documents_verified_by_id", "vessel_documents", ["verified_by_id"])
    op.create_index(
        "ix_vessel_documents_valid_until",
        "vessel_documents",
        ["port_id", "valid_until"],
        postgresql_where="archived_at IS NULL",
    )
    fence_port("vessel_documents")
    op.create_table(
        "vessel_document_reminders",
        *_key(),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *_port_scoped(),
        _inside("document_id", "vessel_documents"),
        sa.UniqueConstraint("document_id", "valid_until", "step"),
    )
    op.create_index(
        "ix_vessel_document_reminders_port_id_document_id", "vessel_document_reminders", ["port_id", "document_id"]
    )
    fence_port("vessel_document_reminders")


def downgrade() -> None:
    for table in (
        "vessel_document_reminders",
        "vessel_documents",
        "vessel_ownerships",
        "vessels",
        "client_relationships",
        "event_mentions",
    ):
        op.drop_table(table)
