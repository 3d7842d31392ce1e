"""What a program signs in with: its token says who it acts for, in which port.

Revision ID: 0010
"""

from __future__ import annotations

from alembic import op

from migrations.policies import definer

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As enter(): a token used by two requests at once is noted by the first, at most once a minute.
    op.execute(
        """
        CREATE FUNCTION enter_with_token(p_token_hash bytea, p_now timestamptz) RETURNS jsonb
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            t api_tokens; u users; p ports; role_maps jsonb;
        BEGIN
            PERFORM set_config('app.port_id', '', true), set_config('app.user_id', '', true),
                    set_config('app.scope', '', true);
            SELECT * INTO t FROM api_tokens
            WHERE token_hash = p_token_hash AND revoked_at IS NULL AND expires_at > p_now;
            IF NOT FOUND THEN RETURN NULL; END IF;
            SELECT * INTO u FROM users WHERE id = t.user_id AND is_active;
            IF NOT FOUND THEN RETURN NULL; END IF;
            SELECT * INTO p FROM ports WHERE id = t.port_id AND is_active;
            IF NOT FOUND THEN RETURN NULL; END IF;
            SELECT coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'label', r.label,
                       'permissions', r.permissions,
                       'overrides', coalesce(o.permission_overrides, '{}')) ORDER BY r.name), '[]')
            INTO role_maps
            FROM user_port_roles x
            JOIN roles r ON r.id = x.role_id
            LEFT JOIN port_role_overrides o ON o.port_id = x.port_id AND o.role_id = x.role_id
            WHERE x.user_id = u.id AND x.port_id = p.id;
            IF role_maps = '[]' AND NOT u.is_super_admin THEN RETURN NULL; END IF;
            IF t.last_used_at IS NULL OR t.last_used_at <= p_now - interval '1 minute' THEN
                UPDATE api_tokens SET last_used_at = p_now
                WHERE id = (SELECT x.id FROM api_tokens x WHERE x.id = t.id FOR UPDATE SKIP LOCKED);
            END IF;
            PERFORM set_config('app.user_id', u.id::text, true), set_config('app.scope', 'staff', true),
                    set_config('app.port_id', p.id::text, true);
            RETURN jsonb_build_object(
                'token', jsonb_build_object('id', t.id, 'name', t.name, 'scopes', to_jsonb(t.scopes),
                    'expires_at', t.expires_at),
                'roles', role_maps,
                'user', jsonb_build_object('id', u.id, 'name', u.name, 'email', u.email,
                    'timezone', u.timezone, 'locale', u.locale, 'is_super_admin', u.is_super_admin),
                'port', describe_port(p.id));
        END $$
        """
    )
    definer("enter_with_token(bytea, timestamptz)")


def downgrade() -> None:
    op.execute("DROP FUNCTION enter_with_token(bytea, timestamptz)")
