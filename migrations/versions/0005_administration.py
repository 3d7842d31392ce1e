"""What administrators and users themselves need: links, second factors, teams, tokens, notifications, tags; and who
may write users' roles, roles and ports.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.policies import APP, PORT, SCOPE, STAFF, SUPER, USER, definer, fence, fence_port

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

HERE = f"(SELECT r.user_id FROM user_port_roles r WHERE r.port_id = {PORT})"  # noqa: S608


def _id() -> sa.Column:
    return sa.Column("id", sa.Uuid(), nullable=False)


def _at(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _stamps() -> list[sa.Column]:
    return [_at("created_at", nullable=False), _at("updated_at", nullable=False)]


def _user(name: str = "user_id", *, nullable: bool = False, ondelete: str = "CASCADE") -> sa.Column:
    return sa.Column(name, sa.Uuid(), sa.ForeignKey("users.id", ondelete=ondelete), nullable=nullable)


def _port(*, nullable: bool = False) -> sa.Column:
    return sa.Column("port_id", sa.Uuid(), sa.ForeignKey("ports.id", ondelete="RESTRICT"), nullable=nullable)


def upgrade() -> None:
    op.add_column("users", sa.Column("image_key", sa.String(200)))
    op.add_column("sessions", _at("mfa_at"))
    op.add_column("sessions", _at("confirmed_at"))
    op.add_column("sessions", sa.Column("preview_role_id", sa.Uuid(), sa.ForeignKey("roles.id", ondelete="SET NULL")))
    op.add_column("sessions", sa.Column("preview_port_id", sa.Uuid(), sa.ForeignKey("ports.id", ondelete="RESTRICT")))
    op.create_index("ix_sessions_preview_role_id", "sessions", ["preview_role_id"])
    op.create_index("ix_sessions_preview_port_id", "sessions", ["preview_port_id"])
    create_tables()
    fence_tables()
    widen_policies()
    replace_enter(ENTER)


def create_tables() -> None:
    op.create_table(
        "verifications",
        _id(),
        sa.Column("purpose", sa.String(10), nullable=False),
        _user(nullable=True),
        _port(nullable=True),
        sa.Column("email", pg.CITEXT()),
        sa.Column("token_hash", sa.LargeBinary(), unique=True),
        _user("created_by_id", nullable=True, ondelete="SET NULL"),
        _at("created_at", nullable=False),
        _at("expires_at", nullable=False),
        _at("used_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("purpose IN ('invite', 'reset', 'email', 'portal', 'sign_in')", name="purpose"),
    )
    for column in ("user_id", "port_id", "created_by_id", "expires_at"):
        op.create_index(f"ix_verifications_{column}", "verifications", [column])
    op.create_table(
        "user_identities",
        _id(),
        _user(),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        _at("created_at", nullable=False),
        _at("last_used_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("issuer", "subject"),
    )
    op.create_index("ix_user_identities_user_id", "user_identities", ["user_id"])
    op.create_table(
        "mfa_factors",
        _id(),
        _user(),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("label", sa.String(80), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary()),
        sa.Column("credential_id", sa.LargeBinary(), unique=True),
        # TOTP: the last time step that was used; passkeys: the authenticator's counter.
        sa.Column("counter", sa.BigInteger(), nullable=False),
        _at("created_at", nullable=False),
        _at("confirmed_at"),
        _at("last_used_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("kind IN ('totp', 'passkey', 'recovery')", name="kind"),
        sa.CheckConstraint("(kind = 'passkey') = (credential_id IS NOT NULL)", name="credential_id"),
    )
    op.create_index("ix_mfa_factors_user_id", "mfa_factors", ["user_id"])
    op.create_table(
        "api_tokens",
        _id(),
        _user(),
        _port(),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("scopes", pg.ARRAY(sa.Text()), nullable=False),
        _at("created_at", nullable=False),
        _at("expires_at", nullable=False),
        _at("last_used_at"),
        _at("revoked_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_api_tokens_user_id", "api_tokens", ["user_id"])
    op.create_index("ix_api_tokens_port_id", "api_tokens", ["port_id"])
    op.create_table(
        "teams",
        _id(),
        _port(),
        sa.Column("name", sa.String(80), nullable=False),
        _user("supervisor_id", nullable=True, ondelete="SET NULL"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "name"),
        sa.CheckConstraint("name <> ''", name="name"),
    )
    op.create_index("ix_teams_supervisor_id", "teams", ["supervisor_id"])
    op.create_table(
        "team_members",
        _id(),
        _port(),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        _user(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("port_id", "team_id", "user_id"),
        sa.ForeignKeyConstraint(["port_id", "team_id"], ["teams.port_id", "teams.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_team_members_user_id", "team_members", ["user_id"])
    op.create_table(
        "tags",
        _id(),
        _port(),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("colour", sa.String(10), nullable=False),
        _at("archived_at"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.CheckConstraint("name <> ''", name="name"),
        sa.CheckConstraint(
            "colour IN ('grey', 'blue', 'teal', 'green', 'amber', 'red', 'purple', 'navy')", name="colour"
        ),
    )
    op.execute("CREATE UNIQUE INDEX uq_tags_name ON tags (port_id, lower(name)) WHERE archived_at IS NULL")
    op.create_table(
        "notifications",
        _id(),
        _port(),
        _user(),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _at("created_at", nullable=False),
        _at("read_at"),
        _at("digested_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("event_id", "user_id"),
    )
    op.create_index("ix_notifications_user_id", "notifications", ["user_id", "port_id", "id"])
    op.create_index(
        "ix_notifications_unread", "notifications", ["user_id", "port_id"], postgresql_where="read_at IS NULL"
    )
    op.create_table(
        "user_notification_preferences",
        _id(),
        _user(),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("in_app", sa.Boolean(), nullable=False),
        sa.Column("email", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        *_stamps(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "type"),
    )


def fence_tables() -> None:
    """Who sees what. A unit of work without a user is the system's own: the relay, a job."""
    # What a link stands for; a sign-in, a reset and an e-mail belong to the user, an invitation to the port as well.
    fence(
        "verifications",
        f"{STAFF} AND (user_id = {USER} OR port_id = {PORT})",
        grants="SELECT, INSERT, UPDATE (used_at)",
    )
    fence("user_identities", f"user_id = {USER} AND {STAFF}")
    fence("mfa_factors", f"user_id = {USER} AND {STAFF}")
    fence(
        "api_tokens",
        f"user_id = {USER} AND port_id = {PORT} AND {STAFF}",
        grants="SELECT, INSERT, UPDATE (last_used_at, revoked_at)",
    )
    fence_port("teams")
    fence_port("team_members")
    fence_port("tags")
    own = f"(user_id = {USER} OR {USER} IS NULL)"
    fence(
        "notifications",
        f"port_id = {PORT} AND {STAFF} AND {own}",
        grants="SELECT, INSERT, UPDATE (read_at, digested_at)",
    )
    fence(
        "user_notification_preferences",
        f"{STAFF} AND (user_id = {USER} OR ({USER} IS NULL AND user_id IN {HERE}))",
        check=f"{STAFF} AND user_id = {USER}",
    )


def widen_policies() -> None:
    """Users write their own profile and sessions, administrators roles in their port, super-admins roles and ports."""
    op.execute(f"GRANT SELECT (image_key), UPDATE (name, timezone, locale, image_key) ON users TO {APP}")
    op.execute(
        "GRANT DELETE, UPDATE (token_hash, mfa_at, confirmed_at, preview_role_id, preview_port_id)"
        f" ON sessions TO {APP}"
    )
    op.execute(f"ALTER POLICY user_port_roles_app ON user_port_roles WITH CHECK ({STAFF} AND port_id = {PORT})")
    op.execute(f"GRANT INSERT, DELETE ON user_port_roles TO {APP}")
    # Seeing one's own roles in other ports is for the port switcher; taking them away is for those ports.
    op.execute(
        f"CREATE POLICY user_port_roles_gone ON user_port_roles AS RESTRICTIVE FOR DELETE TO {APP}"
        f" USING (port_id = {PORT})"
    )
    op.execute(f"ALTER POLICY port_role_overrides_app ON port_role_overrides WITH CHECK ({STAFF} AND port_id = {PORT})")
    op.execute(f"GRANT INSERT, UPDATE, DELETE ON port_role_overrides TO {APP}")
    op.execute(f"ALTER POLICY roles_app ON roles WITH CHECK ({STAFF} AND {SUPER} AND NOT is_system)")
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE POLICY roles_{verb.lower()} ON roles AS RESTRICTIVE FOR {verb} TO {APP}"
            f" USING ({SUPER} AND NOT is_system)"
        )
    op.execute(f"GRANT INSERT, UPDATE, DELETE ON roles TO {APP}")
    op.execute(f"CREATE POLICY ports_new ON ports AS RESTRICTIVE FOR INSERT TO {APP} WITH CHECK ({SUPER})")
    op.execute(
        f"GRANT INSERT, UPDATE (name, default_currency, timezone, locale, country, settings, branding, is_active,"
        f" version, updated_at) ON ports TO {APP}"
    )
    # Events without a port: of oneself, of the port's members, and for super-admins all. Roles hold nobody's words.
    port = f"(port_id = {PORT} AND {STAFF})"
    system = f"port_id IS NULL AND {SCOPE} IN ('staff', '')"
    keys = (
        f"{port} OR ({system} AND (subject_id = {USER} OR subject_type = 'role'"
        f" OR (subject_type = 'user' AND subject_id IN {HERE}) OR {SUPER}))"
    )
    op.execute(f"ALTER POLICY subject_keys_app ON subject_keys USING ({keys}) WITH CHECK ({keys})")
    op.execute(
        f"ALTER POLICY events_app ON events USING ({port} OR ({system} AND (actor_id = {USER}"
        f" OR actor_id IN {HERE} OR {SUPER})))"
    )


def narrow_policies() -> None:
    port = f"(port_id = {PORT} AND {STAFF})"
    system = f"port_id IS NULL AND {SCOPE} IN ('staff', '')"
    op.execute(f"ALTER POLICY events_app ON events USING ({port} OR ({system} AND actor_id = {USER}))")
    keys = f"{port} OR ({system} AND subject_id = {USER})"
    op.execute(f"ALTER POLICY subject_keys_app ON subject_keys USING ({keys}) WITH CHECK ({keys})")
    op.execute(f"REVOKE INSERT, UPDATE ON ports FROM {APP}")
    op.execute("DROP POLICY ports_new ON ports")
    for table in ("roles", "port_role_overrides", "user_port_roles"):
        op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {APP}")
        op.execute(f"ALTER POLICY {table}_app ON {table} WITH CHECK (false)")
    op.execute("DROP POLICY roles_update ON roles")
    op.execute("DROP POLICY roles_delete ON roles")
    op.execute("DROP POLICY user_port_roles_gone ON user_port_roles")
    op.execute(f"REVOKE DELETE, UPDATE ON sessions FROM {APP}")
    op.execute(f"REVOKE SELECT (image_key), UPDATE (name, timezone, locale, image_key) ON users FROM {APP}")  # noqa: S608


# Also whether a second factor exists, how fresh the session's proofs are, the role that is being tried on, and how
# many notifications are unread (counted to 100).
MORE = """
                'mfa_at', s.mfa_at, 'confirmed_at', s.confirmed_at,
                'has_mfa', EXISTS (SELECT FROM mfa_factors f WHERE f.user_id = u.id AND f.kind <> 'recovery'
                                   AND f.confirmed_at IS NOT NULL),
                'unread', (SELECT count(*) FROM (SELECT FROM notifications n WHERE n.user_id = u.id
                           AND n.port_id = p.id AND n.read_at IS NULL LIMIT 100) x),
                'preview', CASE WHEN s.preview_port_id = p.id THEN (
                    SELECT jsonb_build_object('name', r.name, 'label', r.label, 'permissions', r.permissions,
                           'overrides', coalesce(o.permission_overrides, '{}'))
                    FROM roles r
                    LEFT JOIN port_role_overrides o ON o.port_id = p.id AND o.role_id = r.id
                    WHERE r.id = s.preview_role_id) END,
"""

BEFORE = """
        CREATE OR REPLACE FUNCTION enter(p_token_hash bytea, p_slug text, p_now timestamptz) RETURNS jsonb
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
                %s
                'user', jsonb_build_object('id', u.id, 'name', u.name, 'email', u.email,
                    'timezone', u.timezone, 'locale', u.locale, 'is_super_admin', u.is_super_admin,
                    'preferences', u.preferences%s),
                'port', CASE WHEN p.id IS NOT NULL THEN describe_port(p.id) END);
        END $$
"""
ENTER = BEFORE % (MORE, ", 'image_key', u.image_key")


def replace_enter(statement: str) -> None:
    op.execute(statement)
    definer("enter(bytea, text, timestamptz)")


def downgrade() -> None:
    replace_enter(BEFORE % ("", ""))
    narrow_policies()
    for table in (
        "user_notification_preferences",
        "notifications",
        "tags",
        "team_members",
        "teams",
        "api_tokens",
        "mfa_factors",
        "user_identities",
        "verifications",
    ):
        op.drop_table(table)
    for column in ("preview_port_id", "preview_role_id", "confirmed_at", "mfa_at"):
        op.drop_column("sessions", column)
    op.drop_column("users", "image_key")
