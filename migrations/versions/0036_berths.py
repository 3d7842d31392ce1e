"""Harbours, docks and berths.

Revision ID: 0036
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

DIMENSIONS = ("min_loa", "max_loa", "max_beam", "depth", "max_height")
MOORINGS = (
    "'finger', 'single_slip', 'side_slip', 'stern_buoy', 'stern_pole', 'stern_to', 'no_stern_to', 'alongside',"
    " 'sea_buoy', 'dinghy', 'trailer', 'other'"
)


def _key() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
    ]


def _ends() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "number"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    ]


def _inside(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["port_id", column], [f"{table}.port_id", f"{table}.id"], ondelete="CASCADE")


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False)


def _sorted_by(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length, collation="C"), nullable=False)


def _flag(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _coordinates() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("latitude", sa.Numeric(9, 6)),
        sa.Column("longitude", sa.Numeric(9, 6)),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        sa.CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        sa.CheckConstraint("num_nulls(latitude, longitude) <> 1", name="coordinates"),
    ]


def _unarchived(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, postgresql_where="archived_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "harbours",
        *_key(),
        _text("name", 100),
        _sorted_by("sort_name", 300),
        _text("address", 200),
        _text("postcode", 20),
        _text("region", 60),
        *_coordinates(),
        *_ends(),
        sa.CheckConstraint("name <> ''", name="name"),
    )
    op.create_index("ix_harbours_sort_name", "harbours", ["port_id", "sort_name", "id"])
    _unarchived("uq_harbours_name", "harbours", ["port_id", "sort_name"], unique=True)
    fence_port("harbours")

    op.create_table(
        "docks",
        *_key(),
        sa.Column("harbour_id", sa.Uuid(), nullable=False),
        _text("name", 60),
        _sorted_by("sort_name", 300),
        sa.Column("price_tier", sa.SmallInteger()),
        *(_flag(name) for name in ("has_power", "has_water", "has_gate", "has_lighting")),
        *_coordinates(),
        *_ends(),
        _inside("harbour_id", "harbours"),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.CheckConstraint("price_tier BETWEEN 1 AND 9", name="price_tier"),
    )
    op.create_index("ix_docks_harbour", "docks", ["port_id", "harbour_id", "sort_name", "id"])
    _unarchived("uq_docks_name", "docks", ["port_id", "harbour_id", "sort_name"], unique=True)
    fence_port("docks")

    create_berths()


def create_berths() -> None:
    op.create_table(
        "berths",
        *_key(),
        sa.Column("dock_id", sa.Uuid(), nullable=False),
        _text("code", 20),
        _sorted_by("sort_code", 300),
        _sorted_by("sort_place", 910),
        _text("status", 20),
        _text("mooring", 20),
        _text("side", 10),
        *(sa.Column(name, sa.Numeric(6, 2)) for name in DIMENSIONS),
        sa.Column("sounded_on", sa.Date()),
        _text("datum", 40),
        _text("tenure", 20),
        sa.Column("tenure_expires_on", sa.Date()),
        sa.Column("price", sa.Numeric(14, 2)),
        sa.Column("currency", sa.String(3)),
        _text("price_period", 20),
        sa.Column("power_amps", sa.SmallInteger()),
        sa.Column("power_phases", sa.SmallInteger()),
        _flag("has_water"),
        _flag("has_fuel"),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), sa.Computed("coalesce(max_loa, 0) * 100", persisted=True), nullable=False),
        *_ends(),
        _inside("dock_id", "docks"),
        sa.CheckConstraint("code <> ''", name="code"),
        sa.CheckConstraint("status IN ('available', 'under_offer', 'reserved', 'sold', 'maintenance')", name="status"),
        sa.CheckConstraint(f"mooring IN ({MOORINGS})", name="mooring"),
        sa.CheckConstraint("side IN ('', 'left', 'right', 'end')", name="side"),
        sa.CheckConstraint("tenure IN ('freehold', 'lease', 'annual', 'seasonal', 'visitor')", name="tenure"),
        sa.CheckConstraint("tenure <> 'freehold' OR tenure_expires_on IS NULL", name="tenure_expires_on"),
        sa.CheckConstraint("price_period IN ('annual', 'seasonal', 'monthly', 'nightly', 'once')", name="price_period"),
        *(sa.CheckConstraint(f"{name} > 0", name=name) for name in DIMENSIONS),
        sa.CheckConstraint("min_loa <= max_loa", name="loa"),
        sa.CheckConstraint("sounded_on IS NULL OR depth IS NOT NULL", name="sounded_on"),
        sa.CheckConstraint("price >= 0", name="price"),
        sa.CheckConstraint("num_nulls(price, currency) <> 1", name="currency"),
        sa.CheckConstraint("power_amps > 0", name="power_amps"),
        sa.CheckConstraint("power_phases IN (1, 3)", name="power_phases"),
    )
    op.create_index("ix_berths_dock", "berths", ["port_id", "dock_id", "sort_code", "id"])
    _unarchived("uq_berths_code", "berths", ["port_id", "dock_id", "sort_code"], unique=True)
    for column in ("sort_place", "length", "updated_at"):
        _unarchived(f"ix_berths_{column}_current", "berths", ["port_id", column, "id"])
    op.create_index(
        "ix_berths_archived",
        "berths",
        ["port_id", "sort_place", "id"],
        postgresql_where="archived_at IS NOT NULL",
    )
    _unarchived("ix_berths_status", "berths", ["port_id", "status", "sort_place", "id"])
    fence_port("berths")


def downgrade() -> None:
    for table in ("berths", "docks", "harbours"):
        op.drop_table(table)
