"""Ports, users, roles, sessions, sign-in.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from app.identity.roles import seed_system_roles
from migrations.policies import APP, PORT, STAFF, USER, definer, fence, fence_port

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.Column("id", sa.Uuid(), nullable=False)


def _stamps() -> list[sa.Column]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    ]


# What the application may read of a user. Hashes of passwords are read by `find_for_sign_in` alone.
USER_COLUMNS = (
    "id, email, name, email_verified_at, is_super_admin, is_active, timezone, locale, preferences,"
    " last_login_at, created_at, updated_at"
)


def upgrade() -> None:
    for extension in ("citext", "pg_trgm", "unaccent", "btree_gist"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.create_table(
        "ports",
        ID.copy(),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("slug", sa.String(50), nullable=False, unique=True),
        sa.Column("default_currency", sa.String(3), nullable=False),
        sa.Column("timezone", sa.String(60), nullable=False),
        sa.Column("locale", sa.String(20), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("settings", pg.JSONB(), nullable=False),
        sa.Column("branding", pg.JSONB(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(
            "slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND slug NOT IN ('auth','portal','api','public',"
            "'webhooks','health','static','metrics','dev','scan')",
            name="slug",
        ),
        sa.CheckConstraint("default_currency ~ '^[A-Z]{3}$'", name="default_currency"),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        sa.CheckConstraint("name <> ''", name="name"),
    )
    op.create_table(
        "users",
        ID.copy(),
        sa.Column("email", pg.CITEXT(), nullable=False, unique=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("email_verified_at", sa.DateTime(timezone=True)),
        sa.Column("is_super_admin", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("timezone", sa.String(60)),
        sa.Column("locale", sa.String(20)),
        sa.Column("preferences", pg.JSONB(), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True)),
        *_stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("name <> ''", name="name"),
    )
    op.create_table(
        "roles",
        ID.copy(),
        sa.Column("name", sa.String(60), nullable=False, unique=True),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("permissions", pg.JSONB(), nullable=False),
        sa.Column("is_system", sa.Boolean(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "user_port_roles",
        ID.copy(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "port_id", "role_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], ondelete="RESTRICT"),
    )
    op.create_index("ix_user_port_roles_port_id", "user_port_roles", ["port_id"])
    op.create_index("ix_user_port_roles_role_id", "user_port_roles", ["role_id"])
    op.create_table(
        "port_role_overrides",
        ID.copy(),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("permission_overrides", pg.JSONB(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "role_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_port_role_overrides_role_id", "port_role_overrides", ["role_id"])
    op.create_table(
        "sessions",
        ID.copy(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ip", pg.INET()),
        sa.Column("user_agent", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "sign_in_failures",
        ID.copy(),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("ip", pg.INET()),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sign_in_failures_email_failed_at", "sign_in_failures", ["email", "failed_at"])
    op.create_index("ix_sign_in_failures_ip_failed_at", "sign_in_failures", ["ip", "failed_at"])
    op.create_table(
        "number_blocks",
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.String(40), nullable=False),
        sa.Column("next_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("port_id", "series"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    )
    op.create_table(
        "once_keys",
        ID.copy(),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("route", sa.String(120), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("location", sa.Text()),
        sa.Column("body", sa.Text()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("actor_id", "route", "key"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.CheckConstraint("octet_length(body) <= 65536", name="body"),
    )
    op.create_index("ix_once_keys_expires_at", "once_keys", ["expires_at"])
    op.create_index("ix_once_keys_port_id", "once_keys", ["port_id"])

    fence("ports", f"id = {PORT} AND {STAFF}", grants="SELECT")
    fence(
        "users",
        f"{STAFF} AND (id = {USER} OR id IN (SELECT user_id FROM user_port_roles WHERE port_id = {PORT}))",  # noqa: S608
        check=f"{STAFF} AND id = {USER}",
        grants=f"SELECT ({USER_COLUMNS})",
    )
    op.execute(f"GRANT UPDATE (preferences, updated_at) ON users TO {APP}")
    fence("roles", STAFF, check="false", grants="SELECT")
    fence(
        "user_port_roles",
        f"{STAFF} AND (user_id = {USER} OR port_id = {PORT})",
        check="false",
        grants="SELECT",
    )
    fence("port_role_overrides", f"port_id = {PORT} AND {STAFF}", check="false", grants="SELECT")
    fence("sessions", f"user_id = {USER} AND {STAFF}", grants="SELECT, INSERT")
    # Counted and read through functions only.
    fence("sign_in_failures", "false", grants="SELECT")
    fence_port("number_blocks", grants="SELECT, INSERT, UPDATE")
    fence("once_keys", f"port_id = {PORT} AND actor_id = {USER} AND {STAFF}")

    add_functions_of_requests()
    add_functions_of_sign_in()
    seed_system_roles(op.get_bind())


def add_functions_of_requests() -> None:
    op.execute(
        """
        CREATE FUNCTION ports_of(p_user uuid, p_all boolean) RETURNS jsonb
        LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
            SELECT coalesce(
                jsonb_agg(jsonb_build_object('name', p.name, 'slug', p.slug) ORDER BY p.name), '[]'
            )
            FROM ports p
            WHERE p.is_active
              AND (p_all OR p.id IN (SELECT r.port_id FROM user_port_roles r WHERE r.user_id = p_user))
        $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION ports_of(uuid, boolean) FROM PUBLIC")
    # A session used by two requests at once is extended by the first; the second does not wait for it.
    op.execute(
        """
        CREATE FUNCTION enter(p_token_hash bytea, p_slug text, p_now timestamptz) RETURNS jsonb
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            s sessions; u users; p ports; role_maps jsonb := '[]';
        BEGIN
            PERFORM set_config('app.port_id', '', true), set_config('app.user_id', '', true),
                    set_config('app.scope', '', true);
            SELECT * INTO s FROM sessions WHERE token_hash = p_token_hash AND expires_at > p_now;
            IF NOT FOUND THEN RETURN NULL; END IF;
            SELECT * INTO u FROM users WHERE id = s.user_id AND is_active;
            IF NOT FOUND THEN RETURN NULL; END IF;
            IF s.last_seen_at <= p_now - interval '5 minutes' OR (s.expires_at < p_now + interval '6 hours'
               AND s.expires_at < s.created_at + interval '14 days') THEN
                UPDATE sessions SET last_seen_at = p_now,
                    expires_at = CASE WHEN s.expires_at < p_now + interval '6 hours'
                        THEN least(p_now + interval '24 hours', s.created_at + interval '14 days')
                        ELSE s.expires_at END
                WHERE id = (SELECT x.id FROM sessions x WHERE x.id = s.id FOR UPDATE SKIP LOCKED);
            END IF;
            IF p_slug IS NOT NULL THEN
                SELECT * INTO p FROM ports WHERE slug = p_slug AND is_active;
                IF FOUND THEN
                    SELECT coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'label', r.label,
                               'permissions', r.permissions,
                               'overrides', coalesce(o.permission_overrides, '{}')) ORDER BY r.name), '[]')
                    INTO role_maps
                    FROM user_port_roles x
                    JOIN roles r ON r.id = x.role_id
                    LEFT JOIN port_role_overrides o ON o.port_id = x.port_id AND o.role_id = x.role_id
                    WHERE x.user_id = u.id AND x.port_id = p.id;
                    IF role_maps = '[]' AND NOT u.is_super_admin THEN p := NULL; END IF;
                END IF;
            END IF;
            PERFORM set_config('app.user_id', u.id::text, true), set_config('app.scope', 'staff', true);
            IF p.id IS NOT NULL THEN PERFORM set_config('app.port_id', p.id::text, true); END IF;
            RETURN jsonb_build_object(
                'session_id', s.id, 'roles', role_maps, 'ports', ports_of(u.id, u.is_super_admin),
                'user', jsonb_build_object('id', u.id, 'name', u.name, 'email', u.email,
                    'timezone', u.timezone, 'locale', u.locale, 'is_super_admin', u.is_super_admin,
                    'preferences', u.preferences),
                'port', CASE WHEN p.id IS NOT NULL THEN describe_port(p.id) END);
        END $$
        """
    )
    definer("enter(bytea, text, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION describe_port(p_port uuid) RETURNS jsonb
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT jsonb_build_object('id', p.id, 'name', p.name, 'slug', p.slug,
                'currency', p.default_currency, 'timezone', p.timezone, 'locale', p.locale,
                'country', p.country, 'settings', p.settings, 'branding', p.branding)
            FROM ports p
            WHERE p.id = p_port AND p.id = nullif(current_setting('app.port_id', true), '')::uuid
        $$
        """
    )
    definer("describe_port(uuid)")
    op.execute(
        """
        CREATE FUNCTION is_session_good(p_session uuid, p_now timestamptz) RETURNS boolean
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT EXISTS (SELECT FROM sessions s JOIN users u ON u.id = s.user_id
                           WHERE s.id = p_session AND s.expires_at > p_now AND u.is_active
                             AND coalesce(current_setting('app.port_id', true), '') = '')
        $$
        """
    )
    definer("is_session_good(uuid, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION clear_expired(p_now timestamptz) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DELETE FROM sessions
            WHERE expires_at < p_now
              AND coalesce(current_setting('app.port_id', true), '') = '';
            DELETE FROM sign_in_failures
            WHERE failed_at < p_now - interval '1 day'
              AND coalesce(current_setting('app.port_id', true), '') = '';
            DELETE FROM once_keys
            WHERE expires_at < p_now
              AND coalesce(current_setting('app.port_id', true), '') = '';
        $$
        """
    )
    definer("clear_expired(timestamptz)")


def add_functions_of_sign_in() -> None:
    # Five failures of an account from one address, twenty of an account or fifty from an address within 15
    # minutes pause it for the 15 minutes after the last of them.
    op.execute(
        """
        CREATE FUNCTION is_sign_in_paused(p_email text, p_ip inet, p_now timestamptz) RETURNS boolean
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            WITH recent AS (
                SELECT failed_at, email = p_email AS fits_account, ip IS NOT DISTINCT FROM p_ip AS fits_ip
                FROM sign_in_failures
                WHERE (email = p_email OR ip = p_ip OR (ip IS NULL AND p_ip IS NULL))
                  AND failed_at > p_now - interval '30 minutes'
            ), counted AS (
                SELECT failed_at, lag(failed_at, 4) OVER (ORDER BY failed_at) AS first_at FROM recent
                WHERE fits_account AND fits_ip
                UNION ALL
                SELECT failed_at, lag(failed_at, 19) OVER (ORDER BY failed_at) FROM recent WHERE fits_account
                UNION ALL
                SELECT failed_at, lag(failed_at, 49) OVER (ORDER BY failed_at) FROM recent WHERE fits_ip
            )
            SELECT EXISTS (SELECT FROM counted WHERE failed_at > p_now - interval '15 minutes'
                           AND first_at > failed_at - interval '15 minutes')
        $$
        """
    )
    definer("is_sign_in_paused(text, inet, timestamptz)")
    # An attempt counts as a failure until it has succeeded, so that attempts made at once are all counted:
    # those for one account take turns here, and those from one address. (Everybody locks in this order.)
    op.execute(
        """
        CREATE FUNCTION attempt_sign_in(p_id uuid, p_email text, p_ip inet, p_now timestamptz) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('sign-in to ' || p_email, 0));
            PERFORM pg_advisory_xact_lock(hashtextextended('sign-in from ' || coalesce(host(p_ip), ''), 0));
            IF is_sign_in_paused(p_email, p_ip, p_now) THEN RETURN false; END IF;
            INSERT INTO sign_in_failures (id, email, ip, failed_at) VALUES (p_id, p_email, p_ip, p_now);
            RETURN true;
        END $$
        """
    )
    definer("attempt_sign_in(uuid, text, inet, timestamptz)")
    # Who asks for a hash has made an attempt, which was counted.
    op.execute(
        """
        CREATE FUNCTION find_for_sign_in(p_attempt uuid)
        RETURNS TABLE (id uuid, name text, password_hash text)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT u.id, u.name::text, u.password_hash
            FROM sign_in_failures f JOIN users u ON u.email = f.email::citext
            WHERE f.id = p_attempt AND u.is_active AND u.password_hash IS NOT NULL
        $$
        """
    )
    definer("find_for_sign_in(uuid)")
    op.execute(
        """
        CREATE FUNCTION note_sign_in(p_attempt uuid, p_hash text, p_now timestamptz) RETURNS boolean
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            WITH attempt AS (
                DELETE FROM sign_in_failures f USING users u
                WHERE f.id = p_attempt AND u.email = f.email::citext AND u.is_active
                  AND u.id = nullif(current_setting('app.user_id', true), '')::uuid
                RETURNING u.id
            )
            UPDATE users SET last_login_at = p_now, password_hash = coalesce(p_hash, password_hash)
            FROM attempt WHERE users.id = attempt.id RETURNING true
        $$
        """
    )
    definer("note_sign_in(uuid, text, timestamptz)")
    # Who has the token is the session's browser, whoever signs in there next.
    op.execute(
        """
        CREATE FUNCTION end_session(p_token_hash bytea) RETURNS uuid
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DELETE FROM sessions WHERE token_hash = p_token_hash RETURNING id
        $$
        """
    )
    definer("end_session(bytea)")


def downgrade() -> None:
    op.execute("DROP POLICY users_app ON users")  # it looks into user_port_roles
    for signature in (
        "end_session(bytea)",
        "note_sign_in(uuid, text, timestamptz)",
        "find_for_sign_in(uuid)",
        "attempt_sign_in(uuid, text, inet, timestamptz)",
        "is_sign_in_paused(text, inet, timestamptz)",
        "clear_expired(timestamptz)",
        "is_session_good(uuid, timestamptz)",
        "describe_port(uuid)",
        "enter(bytea, text, timestamptz)",
        "ports_of(uuid, boolean)",
    ):
        op.execute(f"DROP FUNCTION {signature}")
    for table in (
        "once_keys",
        "number_blocks",
        "sign_in_failures",
        "sessions",
        "port_role_overrides",
        "user_port_roles",
        "roles",
        "users",
        "ports",
    ):
        op.drop_table(table)
