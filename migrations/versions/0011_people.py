"""What administering people needs beyond row-level security: finding or making an invited user, ending an account,
leaving a port, the list of ports; and a preview is known outside its port as well.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import PORT, SCOPE, USER, definer

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What a preview narrows is the port's; that one is looking, not acting, holds for one's own pages too.
INSIDE, ALSO_OUTSIDE = "s.preview_port_id = p.id THEN", "s.preview_port_id = coalesce(p.id, s.preview_port_id) THEN"

# The user in force, active, holding admin.manage_users in the port in force (or a super-admin); a part of the others.
MANAGES = f"""
    CREATE FUNCTION manages_people() RETURNS boolean
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
        SELECT {SCOPE} = 'staff' AND {PORT} IS NOT NULL AND EXISTS (
            SELECT FROM users u WHERE u.id = {USER} AND u.is_active AND (u.is_super_admin OR EXISTS (
                SELECT FROM user_port_roles x JOIN roles r ON r.id = x.role_id
                LEFT JOIN port_role_overrides o ON o.port_id = x.port_id AND o.role_id = x.role_id
                WHERE x.user_id = u.id AND x.port_id = {PORT}
                  AND coalesce(o.permission_overrides #> '{{admin,manage_users}}',
                               r.permissions #> '{{admin,manage_users}}') = 'true'::jsonb)))
    $$
"""  # noqa: S608  (constants)
# Somebody of this port, not oneself, never a super-admin.
TOUCHES = f"""
    CREATE FUNCTION may_touch(p_user uuid) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
        SELECT manages_people() AND p_user <> {USER} AND EXISTS (
            SELECT FROM users u JOIN user_port_roles x ON x.user_id = u.id
            WHERE u.id = p_user AND NOT u.is_super_admin AND x.port_id = {PORT})
    $$
"""  # noqa: S608
ONLY_HERE = f"""
    CREATE FUNCTION is_only_here(p_user uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT manages_people()
           AND EXISTS (SELECT FROM user_port_roles x WHERE x.user_id = p_user AND x.port_id = {PORT})
           AND NOT EXISTS (SELECT FROM user_port_roles x WHERE x.user_id = p_user AND x.port_id <> {PORT})
    $$
"""  # noqa: S608
INVITE = """
    CREATE FUNCTION invite_user(p_id uuid, p_email citext, p_name text, p_now timestamptz)
    RETURNS TABLE (id uuid, is_super_admin boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        IF manages_people() IS NOT TRUE THEN RETURN; END IF;
        INSERT INTO users (id, email, name, is_super_admin, is_active, preferences, created_at, updated_at)
        VALUES (p_id, p_email, p_name, false, true, '{}', p_now, p_now) ON CONFLICT (email) DO NOTHING;
        RETURN QUERY SELECT u.id, u.is_super_admin FROM users u WHERE u.email = p_email;
    END $$
"""
# An account that other ports use as well is theirs too: only a super-admin ends it.
SET_ACTIVE = f"""
    CREATE FUNCTION set_user_active(p_user uuid, p_active boolean, p_now timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM FROM users u WHERE u.id = p_user FOR UPDATE;
        IF may_touch(p_user) IS NOT TRUE OR NOT (is_only_here(p_user)
           OR EXISTS (SELECT FROM users u WHERE u.id = {USER} AND u.is_super_admin)) THEN RETURN false; END IF;
        UPDATE users SET is_active = p_active, updated_at = p_now WHERE users.id = p_user;
        IF NOT p_active THEN
            DELETE FROM sessions WHERE user_id = p_user;
            UPDATE api_tokens SET revoked_at = p_now WHERE user_id = p_user AND revoked_at IS NULL;
            UPDATE verifications SET used_at = p_now WHERE user_id = p_user AND used_at IS NULL;
        END IF;
        RETURN true;
    END $$
"""  # noqa: S608
LEAVE = f"""
    CREATE FUNCTION end_access(p_user uuid, p_now timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        IF may_touch(p_user) IS NOT TRUE THEN RETURN false; END IF;
        UPDATE api_tokens SET revoked_at = p_now WHERE user_id = p_user AND port_id = {PORT} AND revoked_at IS NULL;
        UPDATE verifications SET used_at = p_now WHERE user_id = p_user AND port_id = {PORT} AND used_at IS NULL;
        UPDATE sessions SET preview_role_id = NULL, preview_port_id = NULL
        WHERE user_id = p_user AND preview_port_id = {PORT};
        RETURN true;
    END $$
"""  # noqa: S608
ALL_PORTS = f"""
    CREATE FUNCTION all_ports()
    RETURNS TABLE (id uuid, name text, slug text, currency text, timezone text, locale text, country text,
                   is_active boolean, people bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT p.id, p.name::text, p.slug::text, p.default_currency::text, p.timezone::text, p.locale::text,
               p.country::text, p.is_active,
               (SELECT count(DISTINCT x.user_id) FROM user_port_roles x WHERE x.port_id = p.id)
        FROM ports p
        WHERE {SCOPE} = 'staff'
          AND EXISTS (SELECT FROM users u WHERE u.id = {USER} AND u.is_active AND u.is_super_admin)
        ORDER BY p.name, p.id
    $$
"""  # noqa: S608

PARTS = {"manages_people()": MANAGES, "may_touch(uuid)": TOUCHES}
FUNCTIONS = {
    "is_only_here(uuid)": ONLY_HERE,
    "invite_user(uuid, citext, text, timestamptz)": INVITE,
    "set_user_active(uuid, boolean, timestamptz)": SET_ACTIVE,
    "end_access(uuid, timestamptz)": LEAVE,
    "all_ports()": ALL_PORTS,
}


def upgrade() -> None:
    for signature, statement in PARTS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    for signature, statement in FUNCTIONS.items():
        op.execute(statement)
        definer(signature)
    rewrite_enter(INSIDE, ALSO_OUTSIDE)


def downgrade() -> None:
    rewrite_enter(ALSO_OUTSIDE, INSIDE)
    for signature in reversed([*PARTS, *FUNCTIONS]):
        op.execute(f"DROP FUNCTION {signature}")


def rewrite_enter(old: str, new: str) -> None:
    """As it stands by then: other migrations change other parts of it."""
    written = sa.text("SELECT pg_get_functiondef('enter(bytea, text, timestamptz)'::regprocedure)")
    definition = op.get_bind().scalar(written)
    if old not in definition:
        raise RuntimeError("enter() does not read as expected")
    op.execute(sa.text(definition.replace(old, new).replace(":", r"\:")))
