"""Interests, their stages and deposits, signed documents, and until when a berth is held.

Revision ID: 0050
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.indexes import beside, drop_index, make_index
from migrations.policies import fence_port

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

STAGES = (
    "'open', 'details_sent', 'in_communication', 'visited', 'signed_eoi_nda', 'ten_percent_deposit', 'contract',"
    " 'completed'"
)
HELD = "hold_expires_at IS NOT NULL AND state IN ('planned', 'confirmed', 'active')"
OPEN = "outcome IS NULL AND archived_at IS NULL"
CHECK = "ck_berth_occupancies_hold_expires_at"


def columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
    ]


def times() -> list[sa.Column[object]]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


def of_port(column: str, table: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["port_id", column], [f"{table}.port_id", f"{table}.id"], ondelete=ondelete)


def upgrade() -> None:
    op.execute(
        "ALTER TABLE berth_occupancies ADD COLUMN IF NOT EXISTS hold_expires_at timestamptz,"
        f" DROP CONSTRAINT IF EXISTS {CHECK},"
        f" ADD CONSTRAINT {CHECK} CHECK (hold_expires_at IS NULL OR kind = 'hold') NOT VALID"
    )
    op.execute(f"ALTER TABLE berth_occupancies VALIDATE CONSTRAINT {CHECK}")
    with beside():
        make_index("ix_berth_occupancies_hold_expires_at", f"berth_occupancies (port_id, hold_expires_at) WHERE {HELD}")
    op.create_table(
        "interests",
        *columns(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("vessel_id", sa.Uuid()),
        sa.Column("berth_id", sa.Uuid()),
        sa.Column("occupancy_id", sa.Uuid()),
        sa.Column("stage", sa.String(30), nullable=False),
        sa.Column("stage_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(20)),
        sa.Column("outcome_reason", sa.Text(), nullable=False),
        sa.Column("lead_category", sa.String(20), nullable=False),
        sa.Column("is_lead_set", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("expected_value", sa.Numeric(14, 2)),
        sa.Column("currency", sa.String(3)),
        sa.Column("expected_close_on", sa.Date()),
        sa.Column("owner_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("loa", sa.Numeric(6, 2)),
        sa.Column("beam", sa.Numeric(6, 2)),
        sa.Column("draft", sa.Numeric(6, 2)),
        sa.Column("budget", sa.Numeric(14, 2)),
        sa.Column("tenure", sa.String(20)),
        sa.Column("wanted_from", sa.Date()),
        sa.Column("wanted_until", sa.Date()),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        *times(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "number"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        of_port("client_id", "clients", "CASCADE"),
        of_port("vessel_id", "vessels", "SET NULL (vessel_id)"),
        of_port("berth_id", "berths", "RESTRICT"),
        of_port("occupancy_id", "berth_occupancies", "SET NULL (occupancy_id)"),
        sa.CheckConstraint(f"stage IN ({STAGES})", name="stage"),
        sa.CheckConstraint("outcome IN ('won', 'lost', 'withdrawn')", name="outcome"),
        sa.CheckConstraint("(outcome IS NOT DISTINCT FROM 'won') = (stage = 'completed')", name="won"),
        sa.CheckConstraint("stage <> 'completed' OR berth_id IS NOT NULL", name="completed"),
        sa.CheckConstraint("lead_category IN ('hot', 'warm', 'cold', 'dormant')", name="lead_category"),
        sa.CheckConstraint("source IN ('website', 'manual', 'referral', 'broker', 'event', 'other')", name="source"),
        sa.CheckConstraint("expected_value >= 0 AND budget >= 0", name="amounts"),
        sa.CheckConstraint("loa > 0 AND beam > 0 AND draft > 0", name="dimensions"),
        sa.CheckConstraint("wanted_until >= wanted_from", name="wanted"),
        sa.CheckConstraint("currency IS NOT NULL OR (expected_value IS NULL AND budget IS NULL)", name="currency"),
    )
    op.create_index("ix_interests_client", "interests", ["port_id", "client_id", "id"])
    op.create_index("ix_interests_vessel", "interests", ["port_id", "vessel_id"])
    op.create_index("ix_interests_berth", "interests", ["port_id", "berth_id"])
    op.create_index("uq_interests_occupancy", "interests", ["port_id", "occupancy_id"], unique=True)
    op.create_index("ix_interests_owner_id", "interests", ["owner_id"])
    op.create_index("ix_interests_board", "interests", ["port_id", "stage", "stage_since", "id"], postgresql_where=OPEN)
    op.create_index(
        "ix_interests_won",
        "interests",
        ["port_id", "stage_since", "id"],
        postgresql_where="outcome = 'won' AND archived_at IS NULL",
    )
    for column in ("number", "stage_since", "updated_at"):
        op.create_index(
            f"ix_interests_{column}_current",
            "interests",
            ["port_id", column, "id"],
            postgresql_where="archived_at IS NULL",
        )
    op.create_table(
        "interest_stage_changes",
        *columns(),
        sa.Column("interest_id", sa.Uuid(), nullable=False),
        sa.Column("from_stage", sa.String(30)),
        sa.Column("to_stage", sa.String(30), nullable=False),
        sa.Column("by_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        of_port("interest_id", "interests", "CASCADE"),
        sa.CheckConstraint(f"from_stage IN ({STAGES}) AND to_stage IN ({STAGES})", name="stages"),
    )
    op.create_index("ix_interest_stage_changes_interest", "interest_stage_changes", ["port_id", "interest_id", "id"])
    op.create_index("ix_interest_stage_changes_by_id", "interest_stage_changes", ["by_id"])
    op.create_table(
        "interest_deposits",
        *columns(),
        sa.Column("interest_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        *times(),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        of_port("interest_id", "interests", "CASCADE"),
        sa.CheckConstraint("amount > 0", name="amount"),
    )
    op.create_index("ix_interest_deposits_interest", "interest_deposits", ["port_id", "interest_id", "id"])
    op.create_table(
        "documents",
        *columns(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("interest_id", sa.Uuid()),
        sa.Column("berth_id", sa.Uuid()),
        sa.Column("signed_file_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *times(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "number"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        of_port("client_id", "clients", "CASCADE"),
        of_port("interest_id", "interests", "CASCADE"),
        of_port("berth_id", "berths", "RESTRICT"),
        of_port("signed_file_id", "files", "RESTRICT"),
        sa.CheckConstraint("type IN ('eoi', 'nda', 'contract', 'addendum', 'other')", name="type"),
        sa.CheckConstraint(
            "status IN ('draft', 'sent', 'partially_signed', 'completed', 'declined', 'expired', 'void')",
            name="status",
        ),
    )
    for column in ("client_id", "interest_id", "berth_id", "signed_file_id"):
        op.create_index(f"ix_documents_{column}", "documents", ["port_id", column])
    for table in ("interests", "interest_stage_changes", "interest_deposits", "documents"):
        fence_port(table)


def downgrade() -> None:
    with beside():
        drop_index("ix_berth_occupancies_hold_expires_at")
    for table in ("documents", "interest_deposits", "interest_stage_changes", "interests"):
        op.drop_table(table)
    op.execute(f"ALTER TABLE berth_occupancies DROP CONSTRAINT {CHECK}")
    op.drop_column("berth_occupancies", "hold_expires_at")
