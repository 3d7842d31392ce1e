"""Waiting lists.

Revision ID: 0048
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations.policies import APP, fence_port

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

OPEN = "status IN ('waiting', 'offered')"
# When somebody asked is written once: by whoever enters it, as the moment it is, or by an import that says from where.
CHANGEABLE = (
    "client_id, vessel_id, loa, beam, draft, air_draft, priority_class, notes, status, offered_berth_id, hold_id,"
    " offer_expires_at, version, updated_at"
)


def _reference(column: str, table: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["port_id", column], [f"{table}.port_id", f"{table}.id"], ondelete=ondelete)


def _base(*columns: sa.Column[Any]) -> tuple[Any, ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    )


def _stamps() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def upgrade() -> None:
    _lists()
    _entries()
    _events()


def _lists() -> None:
    op.create_table(
        "waiting_lists",
        *_base(
            sa.Column("number", sa.Integer(), nullable=False),
            sa.Column("name", sa.String(100), nullable=False),
            sa.Column("harbour_id", sa.Uuid()),
            sa.Column("dock_id", sa.Uuid()),
            sa.Column("berth_id", sa.Uuid()),
            sa.Column("over_width", sa.Numeric(6, 2)),
            sa.Column("up_to_width", sa.Numeric(6, 2)),
            sa.Column("tenure", sa.String(20), nullable=False),
            sa.Column("ordered_by", sa.String(20), nullable=False),
            sa.Column("offer_days", sa.SmallInteger(), nullable=False),
            sa.Column("after_no", sa.String(10), nullable=False),
            sa.Column("offers_next", sa.Boolean(), nullable=False),
            sa.Column("archived_at", sa.DateTime(timezone=True)),
            *_stamps(),
        ),
        sa.UniqueConstraint("port_id", "number"),
        _reference("harbour_id", "harbours", "RESTRICT"),
        _reference("dock_id", "docks", "RESTRICT"),
        _reference("berth_id", "berths", "RESTRICT"),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.CheckConstraint("tenure IN ('freehold', 'lease', 'annual', 'seasonal', 'visitor')", name="tenure"),
        sa.CheckConstraint("ordered_by IN ('date', 'class_then_date')", name="ordered_by"),
        sa.CheckConstraint("after_no IN ('keeps', 'goes_back', 'leaves')", name="after_no"),
        sa.CheckConstraint("offer_days BETWEEN 1 AND 365", name="offer_days"),
        sa.CheckConstraint("over_width >= 0 AND up_to_width > 0", name="widths"),
        sa.CheckConstraint("over_width < up_to_width", name="width"),
    )
    for of in ("harbour", "dock", "berth"):
        op.create_index(f"ix_waiting_lists_{of}", "waiting_lists", ["port_id", f"{of}_id"])
    fence_port("waiting_lists")


def _entries() -> None:
    op.create_table(
        "waiting_entries",
        *_base(
            sa.Column("number", sa.Integer(), nullable=False),
            sa.Column("list_id", sa.Uuid(), nullable=False),
            sa.Column("client_id", sa.Uuid(), nullable=False),
            sa.Column("vessel_id", sa.Uuid()),
            *(sa.Column(name, sa.Numeric(6, 2)) for name in ("loa", "beam", "draft", "air_draft")),
            sa.Column("priority_class", sa.String(10), nullable=False),
            sa.Column("notes", sa.Text(), nullable=False),
            sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("source", sa.String(200), nullable=False),
            sa.Column("status", sa.String(10), nullable=False),
            sa.Column("offered_berth_id", sa.Uuid()),
            sa.Column("hold_id", sa.Uuid()),
            sa.Column("offer_expires_at", sa.DateTime(timezone=True)),
            *_stamps(),
        ),
        sa.UniqueConstraint("port_id", "number"),
        _reference("list_id", "waiting_lists", "RESTRICT"),
        _reference("client_id", "clients", "CASCADE"),
        _reference("vessel_id", "vessels", "SET NULL (vessel_id)"),
        _reference("offered_berth_id", "berths", "SET NULL (offered_berth_id)"),
        _reference("hold_id", "berth_occupancies", "SET NULL (hold_id)"),
        sa.CheckConstraint("source <> '' OR requested_at = created_at", name="requested_at"),
        sa.CheckConstraint("requested_at <= created_at", name="requested_before"),
        sa.CheckConstraint("priority_class IN ('holder', 'resident', 'other')", name="priority_class"),
        sa.CheckConstraint(
            "status IN ('waiting', 'offered', 'accepted', 'declined', 'expired', 'withdrawn')", name="status"
        ),
        sa.CheckConstraint("status = 'offered' OR num_nonnulls(hold_id, offer_expires_at) = 0", name="offer"),
        sa.CheckConstraint("status <> 'offered' OR offer_expires_at IS NOT NULL", name="offered"),
        sa.CheckConstraint("loa > 0 AND beam > 0 AND draft > 0 AND air_draft > 0", name="size"),
    )
    for of, column in (("client", "client_id"), ("vessel", "vessel_id"), ("berth", "offered_berth_id")):
        op.create_index(f"ix_waiting_entries_{of}", "waiting_entries", ["port_id", column])
    op.create_index("ix_waiting_entries_hold", "waiting_entries", ["port_id", "hold_id"], unique=True)
    op.create_index("ix_waiting_entries_list", "waiting_entries", ["port_id", "list_id", "status", "id"])
    op.create_index(
        "ix_waiting_entries_expiring",
        "waiting_entries",
        ["port_id", "offer_expires_at"],
        postgresql_where="status = 'offered'",
    )
    op.create_index(
        "uq_waiting_entries_open",
        "waiting_entries",
        ["port_id", "list_id", "client_id", "vessel_id"],
        unique=True,
        postgresql_where=OPEN,
        postgresql_nulls_not_distinct=True,
    )
    fence_port("waiting_entries", grants="SELECT, INSERT, DELETE")
    op.execute(f"GRANT UPDATE ({CHANGEABLE}) ON waiting_entries TO {APP}")


def _events() -> None:
    op.create_table(
        "waiting_events",
        *_base(
            sa.Column("entry_id", sa.Uuid(), nullable=False),
            sa.Column("kind", sa.String(20), nullable=False),
            sa.Column("at", sa.DateTime(timezone=True), nullable=False),
            sa.Column("by_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="SET NULL")),
            sa.Column("by_name", sa.String(200), nullable=False),
            sa.Column("berth_id", sa.Uuid()),
            sa.Column("reason", sa.Text(), nullable=False),
            sa.Column("placed_at", sa.DateTime(timezone=True)),
            sa.Column("class_rank", sa.SmallInteger()),
        ),
        _reference("entry_id", "waiting_entries", "CASCADE"),
        _reference("berth_id", "berths", "SET NULL (berth_id)"),
        sa.CheckConstraint(
            "kind IN ('entered', 'placed', 'offered', 'accepted', 'declined', 'expired', 'withdrawn', 'skipped')",
            name="kind",
        ),
        sa.CheckConstraint("kind NOT IN ('skipped', 'placed') OR reason <> ''", name="reason"),
    )
    op.create_index("ix_waiting_events_entry", "waiting_events", ["port_id", "entry_id", "id"])
    op.create_index("ix_waiting_events_berth", "waiting_events", ["port_id", "berth_id"])
    op.create_index("ix_waiting_events_by_id", "waiting_events", ["by_id"])
    fence_port("waiting_events", grants="SELECT, INSERT")


def downgrade() -> None:
    for table in ("waiting_events", "waiting_entries", "waiting_lists"):
        op.drop_table(table)
