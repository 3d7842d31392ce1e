"""Registrations.

Revision ID: 0047
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import definer, fence_port

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

PORT, RECEIVE = "open_port(text)", "receive_registration(uuid, bytea, bytea, timestamptz)"
# A port that takes registrations, as far as strangers may know it.
OPEN_PORT = """
    CREATE FUNCTION open_port(p_slug text) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT jsonb_build_object('id', p.id, 'name', p.name, 'slug', p.slug, 'currency', p.default_currency,
            'timezone', p.timezone, 'locale', p.locale, 'country', p.country, 'branding', p.branding,
            'settings', (SELECT coalesce(jsonb_object_agg(s.key, s.value), '{}') FROM jsonb_each(p.settings) s
                         WHERE s.key LIKE 'registration%'))
        FROM ports p
        WHERE p.slug = p_slug AND p.is_active AND p.settings -> 'registration_open' = 'true'
    $$
"""
# All that an anonymous request can write: one sealed row for the port in force, once for a key, and no more than 500 in
# a day. It is read by a job.
RECEIVE_REGISTRATION = """
    CREATE FUNCTION receive_registration(p_id uuid, p_key bytea, p_sealed bytea, p_now timestamptz) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM ports p WHERE p.id = port_in_force() AND p.is_active
                       AND p.settings -> 'registration_open' = 'true') THEN
            RETURN 'closed';
        END IF;
        IF (SELECT count(*) FROM (SELECT FROM registrations r WHERE r.port_id = port_in_force()
            AND r.created_at > p_now - interval '1 day' LIMIT 500) latest) >= 500 THEN
            RETURN 'full';
        END IF;
        INSERT INTO registrations
            (id, port_id, once_key, sealed, status, kind, message, version, created_at, updated_at)
        VALUES (p_id, port_in_force(), p_key, p_sealed, 'received', '', '', 1, p_now, p_now)
        ON CONFLICT (port_id, once_key) DO NOTHING;
        RETURN CASE WHEN FOUND THEN 'received' ELSE 'again' END;
    END $$
"""


def _reference(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["port_id", column], [f"{table}.port_id", f"{table}.id"], ondelete=f"SET NULL ({column})"
    )


def upgrade() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer()),
        sa.Column("once_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("client_id", sa.Uuid()),
        sa.Column("vessel_id", sa.Uuid()),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("wanted_from", sa.Date()),
        sa.Column("wanted_until", sa.Date()),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary()),
        sa.Column("mailed_at", sa.DateTime(timezone=True)),
        sa.Column("decided_by_id", sa.Uuid()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "number"),
        sa.UniqueConstraint("port_id", "once_key"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["users.id"], ondelete="SET NULL"),
        _reference("client_id", "clients"),
        _reference("vessel_id", "vessels"),
        sa.CheckConstraint("status IN ('received', 'new', 'accepted', 'spam')", name="status"),
        sa.CheckConstraint("status = 'received' OR (number IS NOT NULL AND sealed IS NULL)", name="taken_in"),
        sa.CheckConstraint("kind IN ('', 'annual', 'seasonal', 'visit', 'purchase')", name="kind"),
        sa.CheckConstraint("wanted_until >= wanted_from", name="wanted_until"),
    )
    op.create_index("ix_registrations_client", "registrations", ["port_id", "client_id"])
    op.create_index("ix_registrations_vessel", "registrations", ["port_id", "vessel_id"])
    op.create_index("ix_registrations_decided_by_id", "registrations", ["decided_by_id"])
    op.create_index("ix_registrations_created_at", "registrations", ["port_id", "created_at", "id"])
    op.create_index("ix_registrations_address", "registrations", ["port_id", "address_hash", "mailed_at"])
    fence_port("registrations")
    op.execute(OPEN_PORT)
    definer(PORT)
    op.execute(RECEIVE_REGISTRATION)
    definer(RECEIVE)


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {RECEIVE}")
    op.execute(f"DROP FUNCTION {PORT}")
    op.drop_table("registrations")
