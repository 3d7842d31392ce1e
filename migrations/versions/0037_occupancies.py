"""What takes a berth's time.

Revision ID: 0037
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSTZRANGE

from migrations.policies import SEARCH, definer, fence_port

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

BLOCKS = "state NOT IN ('cancelled', 'no_show')"
TAKEN = "berths_taken(timestamptz, timestamptz)"

# Policies switch off every index over ranges, so what is taken in a time is asked of a function that names the port
# itself.
BERTHS_TAKEN = f"""
    CREATE FUNCTION berths_taken(p_from timestamptz, p_until timestamptz)
    RETURNS TABLE (berth_id uuid, occupancy_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT o.berth_id, o.id FROM berth_occupancies o
        WHERE o.port_id = port_in_force() AND current_setting('app.scope', true) = 'staff'
        AND o.during && tstzrange(p_from, p_until) AND o.{BLOCKS}
    $$
"""  # noqa: S608  # constants


def _reference(column: str, table: str, ondelete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["port_id", column], [f"{table}.port_id", f"{table}.id"], ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "berth_occupancies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("berth_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid()),
        sa.Column("vessel_id", sa.Uuid()),
        sa.Column("during", TSTZRANGE(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True)),
        sa.Column("departed_at", sa.DateTime(timezone=True)),
        sa.Column("price", sa.Numeric(14, 2)),
        sa.Column("currency", sa.String(3)),
        sa.Column("begins_at", sa.DateTime(timezone=True), sa.Computed("lower(during)", persisted=True)),
        sa.Column("ends_at", sa.DateTime(timezone=True), sa.Computed("upper(during)", persisted=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "number"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        _reference("berth_id", "berths"),
        _reference("client_id", "clients"),
        _reference("vessel_id", "vessels", "SET NULL (vessel_id)"),
        sa.CheckConstraint("kind IN ('contract', 'season', 'visit', 'hold', 'maintenance', 'sublet')", name="kind"),
        sa.CheckConstraint(
            "state IN ('planned', 'confirmed', 'active', 'completed', 'cancelled', 'no_show')", name="state"
        ),
        sa.CheckConstraint(
            "NOT isempty(during) AND lower(during) IS NOT NULL AND lower_inc(during) AND NOT upper_inc(during)",
            name="during",
        ),
        sa.CheckConstraint("kind IN ('hold', 'maintenance') OR client_id IS NOT NULL", name="client"),
        sa.CheckConstraint("departed_at >= arrived_at", name="departed_at"),
        sa.CheckConstraint("departed_at IS NULL OR arrived_at IS NOT NULL", name="arrived_at"),
        sa.CheckConstraint("state NOT IN ('active', 'completed') OR arrived_at IS NOT NULL", name="taken_place"),
        sa.CheckConstraint("price >= 0", name="price"),
        sa.CheckConstraint("num_nulls(price, currency) <> 1", name="currency"),
    )
    op.execute(
        "ALTER TABLE berth_occupancies ADD CONSTRAINT ex_berth_occupancies_during"
        f" EXCLUDE USING gist (berth_id WITH =, during WITH &&) WHERE ({BLOCKS})"
    )
    op.create_index("ix_berth_occupancies_berth", "berth_occupancies", ["port_id", "berth_id", "begins_at", "id"])
    op.create_index("ix_berth_occupancies_client", "berth_occupancies", ["port_id", "client_id", "begins_at"])
    op.create_index("ix_berth_occupancies_vessel", "berth_occupancies", ["port_id", "vessel_id", "begins_at"])
    op.create_index("ix_berth_occupancies_ends_at", "berth_occupancies", ["port_id", "ends_at"])
    op.create_index("ix_berth_occupancies_during", "berth_occupancies", ["port_id", "during"], postgresql_using="gist")
    fence_port("berth_occupancies")
    op.execute(f"CREATE POLICY berth_occupancies_search ON berth_occupancies FOR SELECT TO {SEARCH} USING (true)")
    op.execute(f"GRANT SELECT ON berth_occupancies TO {SEARCH}")
    op.execute(BERTHS_TAKEN)
    definer(TAKEN, owner=SEARCH)


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {TAKEN}")
    op.drop_table("berth_occupancies")
