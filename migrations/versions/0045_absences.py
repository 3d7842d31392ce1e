"""Absences of who holds a berth, sublets in them, and boats that were seen without a stay.

Revision ID: 0045
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSTZRANGE

from migrations.policies import fence_port

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

BLOCKS = "state NOT IN ('cancelled', 'no_show')"
IS_RANGE = "NOT isempty(during) AND lower(during) IS NOT NULL AND lower_inc(during) AND NOT upper_inc(during)"


def _key() -> list[sa.Column]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("berth_id", sa.Uuid(), nullable=False),
    ]


def _ends() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "number"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    ]


def upgrade() -> None:
    op.add_column("berth_occupancies", sa.Column("booked_until", sa.DateTime(timezone=True)))
    op.execute("UPDATE berth_occupancies SET booked_until = upper(during) WHERE state = 'completed'")
    op.add_column("berth_occupancies", sa.Column("moved_from_id", sa.Uuid()))
    op.add_column("berth_occupancies", sa.Column("absence_id", sa.Uuid()))
    op.add_column("berth_occupancies", sa.Column("absence_during", TSTZRANGE()))
    op.add_column("berth_occupancies", sa.Column("absence_is_open", sa.Boolean()))
    op.add_column(
        "berth_occupancies", sa.Column("blocks", sa.Boolean(), sa.Computed(BLOCKS, persisted=True), nullable=False)
    )
    op.add_column(
        "berth_occupancies",
        sa.Column(
            "sublet_berth_id",
            sa.Uuid(),
            sa.Computed(f"CASE WHEN kind = 'sublet' AND {BLOCKS} THEN berth_id END", persisted=True),
        ),
    )
    op.create_unique_constraint(
        "uq_berth_occupancies_held", "berth_occupancies", ["port_id", "id", "berth_id", "blocks", "during"]
    )
    create_absences()
    bind_sublets()
    create_sightings()
    op.create_index(
        "ix_berth_occupancies_departed_at",
        "berth_occupancies",
        ["port_id", "departed_at"],
        postgresql_where="departed_at IS NOT NULL",
    )
    op.create_index("ix_berth_occupancies_begins_at", "berth_occupancies", ["port_id", "begins_at", "id"])


def create_absences() -> None:
    op.create_table(
        "berth_absences",
        *_key(),
        sa.Column("occupancy_id", sa.Uuid(), nullable=False),
        sa.Column("holder_blocks", sa.Boolean(), nullable=False),
        sa.Column("holder_during", TSTZRANGE(), nullable=False),
        sa.Column("during", TSTZRANGE(), nullable=False),
        sa.Column("may_sublet", sa.Boolean(), nullable=False),
        sa.Column("credit_percent", sa.Numeric(5, 2)),
        sa.Column("credit", sa.Numeric(14, 2)),
        sa.Column("currency", sa.String(3)),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True)),
        sa.Column("is_open", sa.Boolean(), sa.Computed("cancelled_at IS NULL", persisted=True), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), sa.Computed("lower(during)", persisted=True)),
        sa.Column("ends_at", sa.DateTime(timezone=True), sa.Computed("upper(during)", persisted=True)),
        *_ends(),
        sa.UniqueConstraint("port_id", "id", "berth_id", name="uq_berth_absences_berth"),
        sa.UniqueConstraint("port_id", "id", "is_open", "during", name="uq_berth_absences_open"),
        sa.ForeignKeyConstraint(
            ["port_id", "occupancy_id", "berth_id", "holder_blocks", "holder_during"],
            [f"berth_occupancies.{name}" for name in ("port_id", "id", "berth_id", "blocks", "during")],
            name="fk_berth_absences_holder",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(IS_RANGE, name="during"),
        sa.CheckConstraint("cancelled_at IS NOT NULL OR during <@ holder_during", name="within"),
        sa.CheckConstraint("cancelled_at IS NOT NULL OR holder_blocks", name="held"),
        sa.CheckConstraint("credit_percent BETWEEN 0 AND 100", name="credit_percent"),
        sa.CheckConstraint("credit >= 0", name="credit"),
        sa.CheckConstraint("num_nulls(credit, currency) <> 1", name="currency"),
        sa.CheckConstraint("num_nonnulls(credit, credit_percent) <= 1", name="one_credit"),
    )
    op.execute(
        "ALTER TABLE berth_absences ADD CONSTRAINT ex_berth_absences_during"
        " EXCLUDE USING gist (occupancy_id WITH =, during WITH &&) WHERE (cancelled_at IS NULL)"
    )
    op.create_index(
        "ix_berth_absences_holder",
        "berth_absences",
        ["port_id", "occupancy_id", "berth_id", "holder_blocks", "holder_during"],
    )
    op.create_index("ix_berth_absences_berth", "berth_absences", ["port_id", "berth_id", "begins_at"])
    op.create_index("ix_berth_absences_ends_at", "berth_absences", ["port_id", "ends_at"])
    fence_port("berth_absences")


def bind_sublets() -> None:
    """A sublet lies in an open absence, on its berth; who moves or shortens one takes that along, or is refused."""
    table = "ALTER TABLE berth_occupancies"
    op.execute(
        f"{table} ADD CONSTRAINT fk_berth_occupancies_sublet FOREIGN KEY (port_id, absence_id, sublet_berth_id)"
        " REFERENCES berth_absences (port_id, id, berth_id) ON DELETE RESTRICT"
    )
    op.execute(
        f"{table} ADD CONSTRAINT fk_berth_occupancies_absence FOREIGN KEY"
        " (port_id, absence_id, absence_is_open, absence_during)"
        " REFERENCES berth_absences (port_id, id, is_open, during) ON UPDATE CASCADE ON DELETE RESTRICT"
    )
    op.execute(
        f"{table} ADD CONSTRAINT fk_berth_occupancies_moved_from FOREIGN KEY (port_id, moved_from_id)"
        " REFERENCES berth_occupancies (port_id, id) ON DELETE RESTRICT"
    )
    for name, rule in SUBLETS.items():
        op.execute(f"{table} ADD CONSTRAINT ck_berth_occupancies_{name} CHECK ({rule})")
    op.execute(f"{table} DROP CONSTRAINT ex_berth_occupancies_during")
    for name, rule in (("during", "kind <> 'sublet'"), ("sublets", "kind = 'sublet'")):
        op.execute(
            f"{table} ADD CONSTRAINT ex_berth_occupancies_{name}"
            f" EXCLUDE USING gist (berth_id WITH =, during WITH &&) WHERE ({BLOCKS} AND {rule})"
        )
    for name, columns in REFERENCES.items():
        op.create_index(
            f"ix_berth_occupancies_{name}",
            "berth_occupancies",
            ["port_id", *columns],
            postgresql_where=f"{columns[0]} IS NOT NULL",
        )


REFERENCES = {
    "sublet": ["absence_id", "sublet_berth_id"],
    "absence": ["absence_id", "absence_is_open", "absence_during"],
    "moved_from": ["moved_from_id"],
}
SUBLETS = {
    "sublet": "(kind = 'sublet') = (absence_id IS NOT NULL)",
    "absence": "num_nonnulls(absence_id, absence_is_open, absence_during) IN (0, 3)",
    "within": f"kind <> 'sublet' OR NOT ({BLOCKS}) OR absence_is_open AND during <@ absence_during",
}


def create_sightings() -> None:
    op.create_table(
        "berth_sightings",
        *_key(),
        sa.Column("vessel_id", sa.Uuid()),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("note", sa.String(400), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(20)),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("occupancy_id", sa.Uuid()),
        *_ends(),
        sa.ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["port_id", "vessel_id"], ["vessels.port_id", "vessels.id"], ondelete="SET NULL (vessel_id)"
        ),
        sa.ForeignKeyConstraint(
            ["port_id", "occupancy_id"], ["berth_occupancies.port_id", "berth_occupancies.id"], ondelete="RESTRICT"
        ),
        sa.CheckConstraint("outcome IN ('visit', 'dismissed')", name="outcome"),
        sa.CheckConstraint("num_nulls(outcome, settled_at) <> 1", name="settled_at"),
        sa.CheckConstraint("(outcome IS NOT DISTINCT FROM 'visit') = (occupancy_id IS NOT NULL)", name="occupancy"),
    )
    op.create_index("ix_berth_sightings_berth", "berth_sightings", ["port_id", "berth_id"])
    op.create_index("ix_berth_sightings_vessel", "berth_sightings", ["port_id", "vessel_id"])
    op.create_index("ix_berth_sightings_occupancy", "berth_sightings", ["port_id", "occupancy_id"])
    op.create_index(
        "ix_berth_sightings_open", "berth_sightings", ["port_id", "seen_at"], postgresql_where="outcome IS NULL"
    )
    fence_port("berth_sightings")


ADDED = (
    "sublet_berth_id",
    "blocks",
    "absence_is_open",
    "absence_during",
    "absence_id",
    "moved_from_id",
    "booked_until",
)


def downgrade() -> None:
    """Sublets lie in the time of others, so they go."""
    op.drop_table("berth_sightings")
    table = "ALTER TABLE berth_occupancies"
    for name in (*REFERENCES, "begins_at", "departed_at"):
        op.drop_index(f"ix_berth_occupancies_{name}")
    for name in ("ex_berth_occupancies_during", "ex_berth_occupancies_sublets"):
        op.execute(f"{table} DROP CONSTRAINT {name}")
    for name in SUBLETS:
        op.execute(f"{table} DROP CONSTRAINT ck_berth_occupancies_{name}")
    for name in ("sublet", "absence", "moved_from"):
        op.execute(f"{table} DROP CONSTRAINT fk_berth_occupancies_{name}")
    op.drop_table("berth_absences")
    op.drop_constraint("uq_berth_occupancies_held", "berth_occupancies")
    for name in ADDED:
        op.drop_column("berth_occupancies", name)
    op.execute("DELETE FROM berth_occupancies WHERE kind = 'sublet'")
    op.execute(
        f"{table} ADD CONSTRAINT ex_berth_occupancies_during"
        f" EXCLUDE USING gist (berth_id WITH =, during WITH &&) WHERE ({BLOCKS})"
    )
