"""Proving who one is: challenges that are answered once, the step between password and second factor, sign-in through
another service, and an administrator's help for a lost phone.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import definer, fence

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "challenges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_challenges_expires_at", "challenges", ["expires_at"])
    # Kept and taken through functions only.
    fence("challenges", "false", grants="SELECT")
    add_functions_of_challenges()
    add_functions_of_sign_in()
    # An administrator of the port helps somebody who lost every factor; nobody touches a super-admin or themselves.
    op.execute(
        """
        CREATE FUNCTION reset_factors(p_user uuid) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            port uuid := nullif(current_setting('app.port_id', true), '')::uuid;
            actor uuid := nullif(current_setting('app.user_id', true), '')::uuid;
            gone integer;
        BEGIN
            IF actor IS NULL OR actor = p_user OR port IS NULL
               OR NOT EXISTS (SELECT FROM user_port_roles r WHERE r.user_id = p_user AND r.port_id = port)
               -- Super-admins, and who works in another port as well, are for super-admins.
               OR ((EXISTS (SELECT FROM users u WHERE u.id = p_user AND u.is_super_admin)
                    OR EXISTS (SELECT FROM user_port_roles r WHERE r.user_id = p_user AND r.port_id <> port))
                   AND NOT EXISTS (SELECT FROM users u WHERE u.id = actor AND u.is_super_admin))
            THEN RETURN NULL; END IF;
            DELETE FROM mfa_factors WHERE user_id = p_user;
            GET DIAGNOSTICS gone = ROW_COUNT;
            DELETE FROM sessions WHERE user_id = p_user;
            RETURN gone;
        END $$
        """
    )
    definer("reset_factors(uuid)")


def add_functions_of_challenges() -> None:
    # Nobody is known yet where a challenge is kept; what has expired goes when the next one comes.
    op.execute(
        """
        CREATE FUNCTION keep_challenge(p_id uuid, p_hash bytea, p_sealed bytea, p_expires timestamptz,
                                       p_now timestamptz) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DELETE FROM challenges WHERE id IN (
                SELECT c.id FROM challenges c WHERE c.expires_at < p_now LIMIT 100 FOR UPDATE SKIP LOCKED);
            INSERT INTO challenges (id, token_hash, sealed, expires_at) VALUES (p_id, p_hash, p_sealed, p_expires);
        $$
        """
    )
    definer("keep_challenge(uuid, bytea, bytea, timestamptz, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION take_challenge(p_hash bytea, p_now timestamptz) RETURNS TABLE (id uuid, sealed bytea)
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DELETE FROM challenges c WHERE c.token_hash = p_hash AND c.expires_at > p_now RETURNING c.id, c.sealed
        $$
        """
    )
    definer("take_challenge(bytea, timestamptz)")


def add_functions_of_sign_in() -> None:
    # As note_sign_in, for a proof that is not the last one: the attempt no longer counts, nobody is signed in yet.
    op.execute(
        """
        CREATE FUNCTION note_proof(p_attempt uuid, p_hash text) RETURNS boolean
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            WITH attempt AS (
                DELETE FROM sign_in_failures f USING users u
                WHERE f.id = p_attempt AND u.email = f.email::citext AND u.is_active
                  AND u.id = nullif(current_setting('app.user_id', true), '')::uuid
                RETURNING u.id
            )
            UPDATE users SET password_hash = coalesce(p_hash, password_hash)
            FROM attempt WHERE users.id = attempt.id RETURNING true
        $$
        """
    )
    definer("note_proof(uuid, text)")
    # Who somebody is whom another service vouches for: the user it is linked to, else the one with the address that it
    # verified (NULL where it did not). Asked before anybody is known, and answered to nobody else.
    op.execute(
        """
        CREATE FUNCTION find_identity(p_issuer text, p_subject text, p_email text)
        RETURNS TABLE (id uuid, name text, email text, is_active boolean, subject text)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT u.id, u.name::text, u.email::text, u.is_active, i.subject::text
            FROM users u LEFT JOIN user_identities i ON i.user_id = u.id AND i.issuer = p_issuer
            WHERE coalesce(current_setting('app.user_id', true), '') = ''
              AND coalesce(current_setting('app.port_id', true), '') = ''
              AND (i.subject = p_subject OR (u.email = p_email::citext AND NOT EXISTS (
                   SELECT FROM user_identities o WHERE o.issuer = p_issuer AND o.subject = p_subject)))
            ORDER BY i.subject = p_subject DESC NULLS LAST LIMIT 1
        $$
        """
    )
    definer("find_identity(text, text, text)")


def downgrade() -> None:
    for signature in (
        "reset_factors(uuid)",
        "find_identity(text, text, text)",
        "note_proof(uuid, text)",
        "take_challenge(bytea, timestamptz)",
        "keep_challenge(uuid, bytea, bytea, timestamptz, timestamptz)",
    ):
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_table("challenges")
