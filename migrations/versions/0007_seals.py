"""Events are signed when they are written and sealed in a chain; indexes for the audit page.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects import postgresql as pg

from app.events.models import message_of
from migrations.policies import definer, fence

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FUNCTIONS = (
    "lock_unsealed(int)",
    "write_seal(bigint, uuid[], bytea, bytea, bytea, timestamptz)",
    "seals_after(bigint, int)",
    "events_by_id(uuid[])",
    "unsealed_after(uuid, int)",
    "events_in_no_seal(uuid, int)",
)


def upgrade() -> None:
    op.add_column("events", sa.Column("signature", sa.LargeBinary()))
    sign_what_is_there()
    op.alter_column("events", "signature", nullable=False)
    op.create_index("ix_events_port_id_name_id", "events", ["port_id", "name", "id"])
    op.create_table(
        "unsealed_events",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_table(
        "event_seals",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ids", pg.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("id > 0", name="id"),
    )
    for table in ("unsealed_events", "event_seals"):
        fence(table, "false", grants="SELECT")
    op.execute("INSERT INTO unsealed_events SELECT id FROM events")
    note_events()
    make_functions()


def sign_what_is_there() -> None:
    """What was written before there were signatures is signed as it stands."""
    ring, connection = current_app.extensions["keyring"], op.get_bind()
    last = "00000000-0000-0000-0000-000000000000"
    batch = sa.text("SELECT * FROM events WHERE id > :last ORDER BY id LIMIT 1000")
    sign = sa.text("UPDATE events SET signature = :signature WHERE id = :id")
    while rows := connection.execute(batch, {"last": last}).all():
        connection.execute(sign, [{"id": row.id, "signature": ring.sign(message_of(row))} for row in rows])
        last = rows[-1].id


def note_events() -> None:
    """Whatever writes an event, it waits for its seal; the application itself cannot take it from there."""
    op.execute(
        """
        CREATE FUNCTION note_unsealed() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            INSERT INTO unsealed_events (event_id) VALUES (NEW.id);
            RETURN NULL;
        END $$
        """
    )
    definer("note_unsealed()")
    op.execute("CREATE TRIGGER note_unsealed AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION note_unsealed()")


def make_functions() -> None:
    # Seals are the system's: no port may be in force. One process seals at a time; an event that is committed after a
    # younger one comes into a later seal, where its id says how old it is.
    op.execute(
        """
        CREATE FUNCTION lock_unsealed(p_limit int) RETURNS SETOF uuid
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            IF port_in_force() IS NOT NULL THEN RETURN; END IF;
            LOCK TABLE event_seals IN SHARE ROW EXCLUSIVE MODE;
            RETURN QUERY SELECT event_id FROM unsealed_events ORDER BY event_id LIMIT p_limit FOR UPDATE;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION write_seal(p_number bigint, p_ids uuid[], p_previous bytea, p_digest bytea,
                                   p_signature bytea, p_now timestamptz) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            IF port_in_force() IS NOT NULL THEN RETURN false; END IF;
            INSERT INTO event_seals (id, ids, previous, digest, signature, sealed_at)
            VALUES (p_number, p_ids, p_previous, p_digest, p_signature, p_now);
            DELETE FROM unsealed_events WHERE event_id = ANY (p_ids);
            RETURN true;
        END $$
        """
    )
    # p_number null: the last one.
    op.execute(
        """
        CREATE FUNCTION seals_after(p_number bigint, p_limit int) RETURNS SETOF event_seals
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT * FROM event_seals
            WHERE port_in_force() IS NULL AND id > coalesce(p_number, (SELECT max(id) - 1 FROM event_seals))
            ORDER BY id LIMIT p_limit
        $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION events_by_id(p_ids uuid[]) RETURNS SETOF events
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT * FROM events WHERE port_in_force() IS NULL AND id = ANY (p_ids)
        $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION unsealed_after(p_id uuid, p_limit int) RETURNS SETOF uuid
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT event_id FROM unsealed_events
            WHERE port_in_force() IS NULL AND event_id > p_id ORDER BY event_id LIMIT p_limit
        $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION events_in_no_seal(p_id uuid, p_limit int) RETURNS SETOF uuid
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT e.id FROM events e
            WHERE port_in_force() IS NULL AND e.id > p_id
              AND NOT EXISTS (SELECT FROM unsealed_events u WHERE u.event_id = e.id)
              AND NOT EXISTS (SELECT FROM (SELECT unnest(s.ids) AS id FROM event_seals s) x WHERE x.id = e.id)
            ORDER BY e.id LIMIT p_limit
        $$
        """
    )
    for signature in FUNCTIONS:
        definer(signature)


def downgrade() -> None:
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("DROP TRIGGER note_unsealed ON events")
    op.execute("DROP FUNCTION note_unsealed()")
    op.drop_table("event_seals")
    op.drop_table("unsealed_events")
    op.drop_index("ix_events_port_id_name_id", "events")
    op.drop_column("events", "signature")
