"""Berths that suit an interest.

Revision ID: 0059
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.db import now
from migrations.policies import SEARCH, definer, fence_port

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

TIME_TAKEN = "berths_time_taken(timestamptz, timestamptz, uuid)"

# How much of a time each berth is taken, by anything but `p_except`; a sublet lies in the time of who holds the berth.
# Policies switch off every index over ranges (see 0037).
BERTHS_TIME_TAKEN = """
    CREATE FUNCTION berths_time_taken(p_from timestamptz, p_until timestamptz, p_except uuid)
    RETURNS TABLE (berth_id uuid, seconds double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT o.berth_id,
            sum(extract(epoch FROM least(upper(o.during), p_until) - greatest(lower(o.during), p_from)))::float8
        FROM berth_occupancies o
        WHERE o.port_id = port_in_force() AND current_setting('app.scope', true) = 'staff'
        AND o.during && tstzrange(p_from, p_until) AND o.state NOT IN ('cancelled', 'no_show') AND o.kind <> 'sublet'
        AND o.id IS DISTINCT FROM p_except
        GROUP BY o.berth_id
    $$
"""
# Interests that are here already would have none until the night. Whoever comes after the migration does it.
LOOK_FOR_ALL = """
    INSERT INTO jobs (id, port_id, name, args, queue, attempts, max_attempts, run_at, sent_at, done, total, created_at)
    SELECT gen_random_uuid(), i.port_id, 'app.interests.recommendations.jobs.look_for_all', '{}', 'bulk', 0, 3,
        :soon, :now, 0, 0, :now
    FROM (SELECT DISTINCT port_id FROM interests WHERE outcome IS NULL AND archived_at IS NULL) i
"""


def of_port(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["port_id", column], [f"{table}.port_id", f"{table}.id"], ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "berth_recommendations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("interest_id", sa.Uuid(), nullable=False),
        sa.Column("berth_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", JSONB(), nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("dismissed_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "interest_id", "berth_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        of_port("interest_id", "interests"),
        of_port("berth_id", "berths"),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        sa.CheckConstraint("jsonb_typeof(reasons) = 'array'", name="reasons"),
        sa.CheckConstraint("source IN ('auto', 'manual')", name="source"),
        sa.CheckConstraint("source = 'manual' OR (note = '' AND by_id IS NULL)", name="note"),
    )
    op.create_index("ix_berth_recommendations_berth", "berth_recommendations", ["port_id", "berth_id", "score"])
    op.create_index("ix_berth_recommendations_by_id", "berth_recommendations", ["by_id"])
    op.create_table(
        "berth_lookouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("interest_id", sa.Uuid(), nullable=False),
        sa.Column("stale_since", sa.DateTime(timezone=True)),
        sa.Column("looked_at", sa.DateTime(timezone=True)),
        sa.Column("suiting", sa.Integer(), nullable=False),
        sa.Column("lowest", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "interest_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        of_port("interest_id", "interests"),
        sa.CheckConstraint("suiting >= 0 AND lowest BETWEEN 0 AND 100", name="found"),
    )
    op.create_index(
        "ix_berth_lookouts_stale",
        "berth_lookouts",
        ["port_id", "stale_since", "id"],
        postgresql_where="stale_since IS NOT NULL",
    )
    for table in ("berth_recommendations", "berth_lookouts"):
        fence_port(table)
    op.execute(BERTHS_TIME_TAKEN)
    definer(TIME_TAKEN, owner=SEARCH)
    op.execute(sa.text(LOOK_FOR_ALL).bindparams(soon=now() + timedelta(minutes=2), now=now()))


def downgrade() -> None:
    op.execute("DELETE FROM jobs WHERE name LIKE 'app.interests.recommendations.%'")
    op.execute(f"DROP FUNCTION {TIME_TAKEN}")
    op.drop_table("berth_lookouts")
    op.drop_table("berth_recommendations")
