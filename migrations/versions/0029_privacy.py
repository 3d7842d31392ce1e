"""Archives and erasures of clients.

What the database refuses of a client who was erased, and functions that take away what the application cannot.

Revision ID: 0029
"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.policies import definer, fence_port

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

ERASED = """
    erased_at IS NULL OR (archived_at IS NOT NULL AND marketing_consent_at IS NULL AND languages = '{}'
        AND company_name || preferred_name || nationality || tax_number || street || postcode || town || region
            || country = '')
"""
# Which column of a table names the client that a row is put beside.
BESIDE = {
    "client_contacts": ("client_id",),
    "client_notes": ("client_id",),
    "client_tags": ("client_id",),
    "client_relationships": ("from_id", "to_id"),
    "custom_field_values": ("client_id",),
    "files": ("client_id",),
    "vessels": ("client_id",),
    "vessel_ownerships": ("client_id",),
}

FUNCTIONS = {
    # Looks at who stands beside whom as it is after the foreign keys were checked: these wait for an erasure that is
    # under way, so nothing slips in behind it.
    "refuse_erased()": """
        CREATE FUNCTION refuse_erased() RETURNS trigger
        LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
        DECLARE v_column text := TG_ARGV[0]; v_is_wrong boolean;
        BEGIN
            EXECUTE format(
                'SELECT EXISTS (SELECT FROM clients c WHERE c.erased_at IS NOT NULL AND EXISTS ('
                ' SELECT FROM added a WHERE a.port_id = c.port_id AND a.%1$I = c.id',
                v_column)
                || CASE WHEN TG_OP = 'UPDATE' THEN format(
                    ' AND NOT EXISTS (SELECT FROM removed r WHERE r.id = a.id AND r.%1$I = a.%1$I)', v_column)
                   ELSE '' END || '))' INTO v_is_wrong;
            IF v_is_wrong THEN
                RAISE EXCEPTION 'this client was erased' USING ERRCODE = '23Q01';
            END IF;
            RETURN NULL;
        END $$
    """,
    "keep_erased()": """
        CREATE FUNCTION keep_erased() RETURNS trigger
        LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
        BEGIN
            RAISE EXCEPTION 'this client was erased' USING ERRCODE = '23Q01';
        END $$
    """,
}
# What the application's role has no right to take away by itself, of the port in force.
DEFINERS = {
    # The keys of records, and with them the words of their events; where else these are told, and to whom.
    "forget_subjects(text, uuid[])": """
        CREATE FUNCTION forget_subjects(p_type text, p_ids uuid[]) RETURNS uuid[]
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE v_port uuid := port_in_force(); v_users uuid[];
        BEGIN
            IF v_port IS NULL OR current_setting('app.scope', true) IS DISTINCT FROM 'staff' THEN RETURN '{}'; END IF;
            WITH gone AS (
                DELETE FROM notifications n WHERE n.port_id = v_port AND n.event_id IN (
                    SELECT e.id FROM events e
                    WHERE e.port_id = v_port AND e.subject_type = p_type AND e.subject_id = ANY (p_ids)
                    UNION SELECT m.event_id FROM event_mentions m
                    WHERE m.port_id = v_port AND m.subject_type = p_type AND m.subject_id = ANY (p_ids))
                RETURNING n.user_id)
            SELECT coalesce(array_agg(DISTINCT user_id), '{}') INTO v_users FROM gone;
            DELETE FROM event_mentions
            WHERE port_id = v_port AND subject_type = p_type AND subject_id = ANY (p_ids);
            DELETE FROM subject_keys
            WHERE port_id = v_port AND subject_type = p_type AND subject_id = ANY (p_ids);
            RETURN v_users;
        END $$
    """,
    # Mails that have not left, or never will: their words, for a job that looks for a link in them.
    "unsent_mails()": """
        CREATE FUNCTION unsent_mails() RETURNS TABLE (id uuid, sealed bytea)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT m.id, m.sealed FROM mails m
            WHERE m.port_id = port_in_force() AND m.status <> 'sent' AND m.sealed <> '\\x'
              AND coalesce(current_setting('app.user_id', true), '') = ''
        $$
    """,
    "withdraw_mail(uuid)": """
        CREATE FUNCTION withdraw_mail(p_id uuid) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            UPDATE mails SET status = 'failed', error = 'withdrawn', sealed = '\\x'
            WHERE id = p_id AND port_id = port_in_force() AND status <> 'sent'
              AND coalesce(current_setting('app.user_id', true), '') = ''
        $$
    """,
    # Words by which nothing is found any more.
    "search_unused(int)": """
        CREATE FUNCTION search_unused(p_limit int) RETURNS SETOF text
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT DISTINCT s.word FROM search_spellings s
            WHERE s.port_id = port_in_force() AND current_setting('app.scope', true) = 'staff'
              AND s.spelling = s.word AND NOT EXISTS (
                SELECT FROM search_words w WHERE w.port_id = s.port_id AND w.word = s.word)
            LIMIT p_limit
        $$
    """,
    # False when somebody writes words at this moment: they may be about to use one of these.
    "search_forget(text[])": """
        CREATE FUNCTION search_forget(p_words text[]) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE v_port uuid := port_in_force();
        BEGIN
            IF v_port IS NULL OR current_setting('app.scope', true) IS DISTINCT FROM 'staff'
               OR NOT pg_try_advisory_xact_lock(hashtextextended('search ' || v_port, 0)) THEN
                RETURN false;
            END IF;
            DELETE FROM search_spellings s USING unnest(p_words) AS u (word), LATERAL search_spell(u.word) AS p
            WHERE s.port_id = v_port AND s.spelling = p AND s.word = u.word AND NOT EXISTS (
                SELECT FROM search_words w WHERE w.port_id = v_port AND w.word = u.word);
            RETURN true;
        END $$
    """,
}
# Who writes words holds off whoever forgets some, and nobody else.
LEARN = """
            SELECT pg_advisory_xact_lock_shared(hashtextextended('search ' || x.port_id, 0))
            FROM (SELECT DISTINCT port_id FROM unnest(p_ports) AS port_id) x;
            INSERT INTO search_spellings"""


def search_learn(*, holds_off: bool) -> str:
    """The function of 0014, as it was or with the lock."""
    statement: str = import_module("migrations.versions.0014_search").FUNCTIONS["search_learn(uuid[], text[])"]
    statement = statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    return statement.replace("\n            INSERT INTO search_spellings", LEARN, 1) if holds_off else statement


def upgrade() -> None:
    op.add_column("clients", sa.Column("erased_at", sa.DateTime(timezone=True)))
    op.execute(f"ALTER TABLE clients ADD CONSTRAINT ck_clients_erased CHECK ({ERASED}) NOT VALID")
    op.execute("ALTER TABLE clients VALIDATE CONSTRAINT ck_clients_erased")
    op.add_column("change_sets", sa.Column("forgotten_at", sa.DateTime(timezone=True)))
    op.create_table(
        "client_archives",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid()),
        sa.Column("ready_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint("status IN ('building', 'ready', 'failed')", name="status"),
        sa.CheckConstraint("(status = 'ready') = (ready_at IS NOT NULL)", name="ready"),
    )
    op.create_index("ix_client_archives_client", "client_archives", ["port_id", "client_id", "id"])
    op.create_index("ix_client_archives_asked_by_id", "client_archives", ["asked_by_id"])
    op.create_index(
        "uq_client_archives_building",
        "client_archives",
        ["client_id"],
        unique=True,
        postgresql_where="status = 'building'",
    )
    fence_port("client_archives")
    for signature, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    for signature, statement in DEFINERS.items():
        op.execute(statement)
        definer(signature)
    op.execute(search_learn(holds_off=True))
    op.execute(
        "CREATE TRIGGER keep_erased BEFORE UPDATE ON clients FOR EACH ROW"
        " WHEN (OLD.erased_at IS NOT NULL AND (OLD.erased_at, OLD.archived_at, OLD.full_name)"
        " IS DISTINCT FROM (NEW.erased_at, NEW.archived_at, NEW.full_name)) EXECUTE FUNCTION keep_erased()"
    )
    for table, column, event, tables in triggers():
        op.execute(
            f"CREATE TRIGGER refuse_erased_{column}_{event.lower()} AFTER {event} ON {table} REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased('{column}')"
        )
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_clients_erased",
            "clients",
            ["port_id", "id"],
            postgresql_where="erased_at IS NOT NULL",
            postgresql_concurrently=True,
        )
        valid = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_clients_erased'::regclass")
        assert op.get_bind().scalar(valid)  # noqa: S101  # an index that was left half made must stop the migration


def triggers() -> list[tuple[str, str, str, str]]:
    """(table, column, event, what of it the trigger sees)."""
    seen = (("INSERT", "NEW TABLE AS added"), ("UPDATE", "OLD TABLE AS removed NEW TABLE AS added"))
    return [
        (table, column, event, tables)
        for table, columns in BESIDE.items()
        for column in columns
        for event, tables in seen
    ]


def downgrade() -> None:
    for table, column, event, _tables in triggers():
        op.execute(f"DROP TRIGGER refuse_erased_{column}_{event.lower()} ON {table}")
    op.execute("DROP TRIGGER keep_erased ON clients")
    op.execute(search_learn(holds_off=False))
    for signature in (*DEFINERS, *FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_table("client_archives")
    op.drop_column("change_sets", "forgotten_at")
    op.drop_index("ix_clients_erased", "clients")
    op.execute("ALTER TABLE clients DROP CONSTRAINT ck_clients_erased")
    op.drop_column("clients", "erased_at")
