"""Links: invitations, resets and new e-mail addresses, and what a user does with their own password.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.policies import definer

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Who asks for a reset is counted by where they ask from as well.
    op.add_column("verifications", sa.Column("ip", pg.INET()))
    op.create_index("ix_verifications_email", "verifications", ["email", "created_at"])
    op.create_index("ix_verifications_ip", "verifications", ["ip", "created_at"])
    add_functions_of_links()
    add_functions_of_resets()
    add_functions_of_passwords()


def add_functions_of_links() -> None:
    # Who has the token may know what it stands for; a link that a newer one replaced was used the moment that was made.
    op.execute(
        """
        CREATE FUNCTION find_link(p_purpose text, p_token_hash bytea, p_now timestamptz)
        RETURNS TABLE (state text, user_id uuid, name text, email text, new_email text, port_name text)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT CASE WHEN v.purpose = 'invite' AND u.password_hash IS NOT NULL THEN 'used'
                        WHEN v.used_at IS NULL AND v.expires_at > p_now THEN 'open'
                        WHEN v.used_at IS NULL THEN 'expired'
                        WHEN EXISTS (SELECT FROM verifications n WHERE n.user_id = v.user_id
                                     AND n.purpose = v.purpose AND n.created_at = v.used_at) THEN 'replaced'
                        ELSE 'used' END,
                   u.id, u.name::text, u.email::text, v.email::text, p.name::text
            FROM verifications v JOIN users u ON u.id = v.user_id LEFT JOIN ports p ON p.id = v.port_id
            WHERE v.token_hash = p_token_hash AND v.purpose = p_purpose AND u.is_active
        $$
        """
    )
    definer("find_link(text, bytea, timestamptz)")
    # Each of the next three uses a link once: of two clicks at the same moment the second finds it used.
    op.execute(
        """
        CREATE FUNCTION accept_invitation(p_token_hash bytea, p_hash text, p_name text, p_now timestamptz)
        RETURNS TABLE (id uuid, name text)
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            WITH link AS (
                UPDATE verifications v SET used_at = p_now FROM users u
                WHERE v.token_hash = p_token_hash AND v.purpose = 'invite' AND v.used_at IS NULL
                  AND v.expires_at > p_now AND u.id = v.user_id AND u.is_active AND u.password_hash IS NULL
                RETURNING v.user_id
            )
            UPDATE users u SET password_hash = p_hash, name = p_name, email_verified_at = p_now, updated_at = p_now
            FROM link WHERE u.id = link.user_id AND u.password_hash IS NULL
            RETURNING u.id, u.name::text
        $$
        """
    )
    definer("accept_invitation(bytea, text, text, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION use_reset(p_token_hash bytea, p_hash text, p_now timestamptz)
        RETURNS TABLE (id uuid, name text)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            who users;
        BEGIN
            UPDATE verifications v SET used_at = p_now FROM users u
            WHERE v.token_hash = p_token_hash AND v.purpose = 'reset' AND v.used_at IS NULL
              AND v.expires_at > p_now AND u.id = v.user_id AND u.is_active
            RETURNING u.* INTO who;
            IF NOT FOUND THEN RETURN; END IF;
            -- Whatever somebody else began with the old password ends here: other links, half a sign-in, sessions.
            UPDATE verifications v SET used_at = p_now WHERE v.user_id = who.id AND v.used_at IS NULL;
            UPDATE users u SET password_hash = p_hash, email_verified_at = coalesce(u.email_verified_at, p_now),
                   updated_at = p_now
            WHERE u.id = who.id;
            DELETE FROM sessions s WHERE s.user_id = who.id;
            DELETE FROM sign_in_failures f WHERE f.email = lower(who.email::text);
            RETURN QUERY SELECT who.id, who.name::text;
        END $$
        """
    )
    definer("use_reset(bytea, text, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION use_email_change(p_token_hash bytea, p_now timestamptz)
        RETURNS TABLE (id uuid, name text, old_email text, new_email text)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            who users; wanted citext;
        BEGIN
            UPDATE verifications v SET used_at = p_now FROM users u
            WHERE v.token_hash = p_token_hash AND v.purpose = 'email' AND v.used_at IS NULL
              AND v.expires_at > p_now AND u.id = v.user_id AND u.is_active
            RETURNING v.email INTO wanted;
            IF NOT FOUND THEN RETURN; END IF;
            SELECT u.* INTO who FROM users u JOIN verifications v ON v.user_id = u.id
            WHERE v.token_hash = p_token_hash;
            -- A reset that was sent to the old address is no longer theirs.
            UPDATE verifications v SET used_at = p_now
            WHERE v.user_id = who.id AND v.purpose = 'reset' AND v.used_at IS NULL;
            UPDATE users u SET email = wanted, email_verified_at = p_now, updated_at = p_now WHERE u.id = who.id;
            RETURN QUERY SELECT who.id, who.name::text, who.email::text, wanted::text;
        END $$
        """
    )
    definer("use_email_change(bytea, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION clear_links(p_now timestamptz) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DELETE FROM verifications
            WHERE expires_at < p_now - interval '30 days' AND port_in_force() IS NULL
        $$
        """
    )
    definer("clear_links(timestamptz)")


def add_functions_of_resets() -> None:
    # Whether there is such an account is not looked up here, so that asking takes the same for any address.
    op.execute(
        """
        CREATE FUNCTION ask_for_reset(p_id uuid, p_email text, p_ip inet, p_now timestamptz) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('reset of ' || lower(p_email), 0));
            PERFORM pg_advisory_xact_lock(hashtextextended('reset from ' || coalesce(host(p_ip), ''), 0));
            IF (SELECT count(*) FROM verifications WHERE purpose = 'reset' AND email = p_email::citext
                AND created_at > p_now - interval '1 hour') >= 5
               OR (SELECT count(*) FROM verifications WHERE purpose = 'reset' AND ip = p_ip
                   AND created_at > p_now - interval '1 hour') >= 20
            THEN RETURN false; END IF;
            INSERT INTO verifications (id, purpose, email, ip, created_at, expires_at)
            VALUES (p_id, 'reset', p_email, p_ip, p_now, p_now + interval '1 hour');
            RETURN true;
        END $$
        """
    )
    definer("ask_for_reset(uuid, text, inet, timestamptz)")
    # For the job, which acts for nobody: the account of the address, if there is one that signs in with a password.
    op.execute(
        """
        CREATE FUNCTION answer_reset(p_id uuid, p_token_hash bytea, p_until timestamptz, p_now timestamptz)
        RETURNS TABLE (id uuid, name text, email text, locale text)
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            asked verifications; who users;
        BEGIN
            IF port_in_force() IS NOT NULL OR coalesce(current_setting('app.user_id', true), '') <> '' THEN
                RETURN;
            END IF;
            SELECT * INTO asked FROM verifications v
            WHERE v.id = p_id AND v.purpose = 'reset' AND v.user_id IS NULL AND v.token_hash IS NULL
              AND v.expires_at > p_now
            FOR UPDATE;
            IF NOT FOUND THEN RETURN; END IF;
            SELECT * INTO who FROM users u
            WHERE u.email = asked.email AND u.is_active AND u.password_hash IS NOT NULL;
            IF NOT FOUND THEN RETURN; END IF;
            UPDATE verifications v SET used_at = asked.created_at
            WHERE v.user_id = who.id AND v.purpose = 'reset' AND v.used_at IS NULL;
            UPDATE verifications v SET user_id = who.id, token_hash = p_token_hash, expires_at = p_until
            WHERE v.id = p_id;
            RETURN QUERY SELECT who.id, who.name::text, who.email::text, who.locale::text;
        END $$
        """
    )
    definer("answer_reset(uuid, bytea, timestamptz, timestamptz)")


def add_functions_of_passwords() -> None:
    # Of oneself, or of somebody in the port in force: who has none is sent an invitation rather than a word.
    op.execute(
        """
        CREATE FUNCTION has_password(p_user uuid) RETURNS boolean
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT u.password_hash IS NOT NULL FROM users u
            WHERE u.id = p_user AND (u.id = nullif(current_setting('app.user_id', true), '')::uuid OR EXISTS (
                SELECT FROM user_port_roles r WHERE r.user_id = u.id AND r.port_id = port_in_force()
            ))
        $$
        """
    )
    definer("has_password(uuid)")
    # The present password was typed, which is an attempt like any other until it was right.
    op.execute(
        """
        CREATE FUNCTION change_password(p_attempt uuid, p_hash text, p_now timestamptz) RETURNS boolean
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            WITH attempt AS (
                DELETE FROM sign_in_failures f USING users u
                WHERE f.id = p_attempt AND u.email = f.email::citext AND u.is_active
              AND u.id = nullif(current_setting('app.user_id', true), '')::uuid
                RETURNING u.id
            ), links AS (
                UPDATE verifications v SET used_at = p_now FROM attempt
                WHERE v.user_id = attempt.id AND v.used_at IS NULL
            )
            UPDATE users u SET password_hash = p_hash, updated_at = p_now FROM attempt
            WHERE u.id = attempt.id RETURNING true
        $$
        """
    )
    definer("change_password(uuid, text, timestamptz)")


def downgrade() -> None:
    for signature in (
        "change_password(uuid, text, timestamptz)",
        "has_password(uuid)",
        "answer_reset(uuid, bytea, timestamptz, timestamptz)",
        "ask_for_reset(uuid, text, inet, timestamptz)",
        "clear_links(timestamptz)",
        "use_email_change(bytea, timestamptz)",
        "use_reset(bytea, text, timestamptz)",
        "accept_invitation(bytea, text, text, timestamptz)",
        "find_link(text, bytea, timestamptz)",
    ):
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_index("ix_verifications_ip", "verifications")
    op.drop_index("ix_verifications_email", "verifications")
    op.drop_column("verifications", "ip")
