"""Price lists and their lines.

Revision ID: 0039
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DATERANGE, NUMRANGE

from migrations.policies import fence_port

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

MOORINGS = (
    "'', 'finger', 'single_slip', 'side_slip', 'stern_buoy', 'stern_pole', 'stern_to', 'no_stern_to', 'alongside',"
    " 'sea_buoy', 'dinghy', 'trailer', 'other'"
)
ANYWHERE = "coalesce(harbour_id, '00000000-0000-0000-0000-000000000000'::uuid)"
OF_ONE_LIST = f"price_list_id WITH =, term WITH =, ({ANYWHERE}) WITH =, mooring WITH ="


def _moments() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    ]


def _money(name: str) -> sa.Column:
    return sa.Column(name, sa.Numeric(14, 2), nullable=False)


def _excludes(name: str, what: str, where: str = "") -> None:
    op.execute(
        f"ALTER TABLE price_lines ADD CONSTRAINT ex_price_lines_{name} EXCLUDE USING gist ({what}) {where}"
        " DEFERRABLE INITIALLY IMMEDIATE"
    )


def upgrade() -> None:
    create_lists()
    create_lines()


def create_lists() -> None:
    op.create_table(
        "price_lists",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("season", sa.String(60), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("tax_included", sa.Boolean(), nullable=False),
        sa.Column("tax_rate", sa.Numeric(5, 2), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date()),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column(
            "valid",
            DATERANGE(),
            sa.Computed("daterange(valid_from, valid_until, '[]')", persisted=True),
            nullable=False,
        ),
        sa.Column("is_current", sa.Boolean(), sa.Computed("archived_at IS NULL", persisted=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_moments(),
        sa.UniqueConstraint("port_id", "number"),
        sa.UniqueConstraint("port_id", "id", "valid", "is_current", name="uq_price_lists_valid"),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        sa.CheckConstraint("tax_rate BETWEEN 0 AND 100", name="tax_rate"),
        sa.CheckConstraint("valid_until >= valid_from", name="valid_until"),
    )
    op.create_index("ix_price_lists_valid_from", "price_lists", ["port_id", "valid_from", "id"])
    fence_port("price_lists")


def create_lines() -> None:
    op.create_table(
        "price_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("price_list_id", sa.Uuid(), nullable=False),
        sa.Column("valid", DATERANGE(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("term", sa.String(20), nullable=False),
        sa.Column("measure", sa.String(20), nullable=False),
        sa.Column("harbour_id", sa.Uuid()),
        sa.Column("mooring", sa.String(20), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False),
        sa.Column("above", sa.Numeric(8, 2), nullable=False),
        sa.Column("up_to", sa.Numeric(8, 2)),
        sa.Column("band", NUMRANGE(), sa.Computed("numrange(above, up_to, '(]')", persisted=True), nullable=False),
        _money("amount"),
        sa.Column("is_per_unit", sa.Boolean(), nullable=False),
        sa.Column("hull_coefficient", sa.Numeric(4, 2), nullable=False),
        sa.Column("rounding", sa.Numeric(8, 2), nullable=False),
        _money("minimum"),
        *_moments(),
        sa.ForeignKeyConstraint(
            ["port_id", "price_list_id", "valid", "is_current"],
            ["price_lists.port_id", "price_lists.id", "price_lists.valid", "price_lists.is_current"],
            ondelete="CASCADE",
            onupdate="CASCADE",
            name="fk_price_lines_price_list",
        ),
        sa.ForeignKeyConstraint(["port_id", "harbour_id"], ["harbours.port_id", "harbours.id"], ondelete="RESTRICT"),
        sa.CheckConstraint("term IN ('annual', 'seasonal', 'monthly', 'nightly')", name="term"),
        sa.CheckConstraint("measure IN ('berth_width', 'berth_length', 'vessel_loa', 'area', 'flat')", name="measure"),
        sa.CheckConstraint(f"mooring IN ({MOORINGS})", name="mooring"),
        sa.CheckConstraint("tier BETWEEN 0 AND 9", name="tier"),
        sa.CheckConstraint("above >= 0", name="above"),
        sa.CheckConstraint("up_to > above", name="up_to"),
        sa.CheckConstraint("measure <> 'flat' OR (above = 0 AND up_to IS NULL AND NOT is_per_unit)", name="flat"),
        sa.CheckConstraint("amount >= 0", name="amount"),
        sa.CheckConstraint("minimum >= 0", name="minimum"),
        sa.CheckConstraint("hull_coefficient BETWEEN 0.1 AND 9.99", name="hull_coefficient"),
        sa.CheckConstraint("rounding > 0", name="rounding"),
    )
    # Two lists for one term have no day in common.
    _excludes("valid", "port_id WITH =, term WITH =, valid WITH &&, price_list_id WITH <>", "WHERE (is_current)")
    # Nothing has two prices in a list: bands lie beside each other, and go by one measure.
    _excludes("band", f"{OF_ONE_LIST}, tier WITH =, band WITH &&")
    _excludes("measure", f"{OF_ONE_LIST}, measure WITH <>")
    op.create_index("ix_price_lines_list", "price_lines", ["port_id", "price_list_id", "valid", "is_current"])
    op.create_index("ix_price_lines_harbour", "price_lines", ["port_id", "harbour_id"])
    fence_port("price_lines")


def downgrade() -> None:
    op.drop_table("price_lines")
    op.drop_table("price_lists")
