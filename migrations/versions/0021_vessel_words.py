"""Vessels are found by name, registration, IMO number and MMSI, and so are their owners.

Revision ID: 0021
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.policies import SEARCH, definer

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

WORDS = "name, registration, imo, mmsi"
VESSELS = "search_vessels(text, int, boolean)"

# 1 all words, 2 their beginnings, 3 one letter wrong, 4 two.
SEARCH_VESSELS = r"""
    CREATE FUNCTION search_vessels(p_query text, p_limit int, p_own boolean)
    RETURNS TABLE (vessel_id uuid, place int, tier int)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        v_port uuid := port_in_force();
        v_user uuid := nullif(current_setting('app.user_id', true), '')::uuid;
        v_words text[] := ARRAY(SELECT w FROM search_split(p_query) AS w LIMIT 8);
        v_ids uuid[] := '{}'; v_tiers int[] := '{}'; v_more uuid[]; v_having text;
    BEGIN
        IF v_port IS NULL OR v_user IS NULL OR current_setting('app.scope', true) IS DISTINCT FROM 'staff'
           OR v_words = '{}' THEN RETURN; END IF;
        FOR v_tier IN 1..4 LOOP
            EXIT WHEN cardinality(v_ids) >= CASE WHEN v_tier > 2 THEN least(p_limit, 10) ELSE p_limit END;
            v_having := search_having(v_port, 'vessel', v_words, v_tier);
            CONTINUE WHEN v_having IS NULL;
            EXECUTE 'SELECT array_agg(x.id ORDER BY x.sort_name, x.id) FROM (SELECT v.id, v.sort_name FROM ('
                || v_having || ') h JOIN vessels v ON v.port_id = $1 AND v.id = h.subject_id'
                ' WHERE v.archived_at IS NULL AND v.id <> ALL ($2) AND (NOT $5 OR EXISTS ('
                '   SELECT FROM clients c WHERE c.port_id = v.port_id AND c.id = v.client_id'
                '   AND (c.owner_id = $4 OR c.created_by_id = $4 AND c.owner_id IS NULL)))'
                ' GROUP BY v.id, v.sort_name LIMIT $3) x'
                INTO v_more USING v_port, v_ids, p_limit - cardinality(v_ids), v_user, p_own;
            CONTINUE WHEN v_more IS NULL;
            v_ids := v_ids || v_more;
            v_tiers := v_tiers || array_fill(v_tier, ARRAY[cardinality(v_more)]);
        END LOOP;
        RETURN QUERY SELECT f.id, f.n::int, f.tier FROM unnest(v_ids, v_tiers) WITH ORDINALITY AS f (id, tier, n);
    END $$
"""
# Whoever owns a vessel of that name, after those who have it themselves.
BY_VESSEL = r"""
        WHEN 6 THEN
            IF p_words = '{}' THEN RETURN NULL; END IF;
            v_having := coalesce(search_having(p_port, 'vessel', p_words, 2),
                                 search_having(p_port, 'vessel', p_words, 1));
            RETURN 'SELECT c.id, c.sort_name, v.name::text AS why FROM (' || v_having
                || ') h JOIN vessels v ON v.port_id = $1 AND v.id = h.subject_id AND v.archived_at IS NULL'
                ' JOIN clients c ON c.port_id = v.port_id AND c.id = v.client_id WHERE true'
                || p_seen || ' LIMIT 2 * $3';
        WHEN 9 THEN"""


def clients_by(*, vessels: bool) -> str:
    """The function of 0014, as it was or with vessels."""
    statement: str = import_module("migrations.versions.0014_search").SEARCH_CLIENTS_BY
    statement = statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    return statement.replace("\n        WHEN 9 THEN", BY_VESSEL, 1) if vessels else statement


def upgrade() -> None:
    op.execute(f"CREATE POLICY vessels_search ON vessels FOR SELECT TO {SEARCH} USING (true)")
    op.execute(f"GRANT SELECT ON vessels TO {SEARCH}")
    op.execute(SEARCH_VESSELS)
    definer(VESSELS, owner=SEARCH)
    op.execute(clients_by(vessels=True))
    for event, tables in (
        ("INSERT", "NEW TABLE AS added"),
        ("UPDATE", "OLD TABLE AS removed NEW TABLE AS added"),
        ("DELETE", "OLD TABLE AS removed"),
    ):
        op.execute(
            f"CREATE TRIGGER search_{event.lower()} AFTER {event} ON vessels REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION search_index('vessel', '{WORDS}')"
        )
    op.execute(
        f"""
        INSERT INTO search_words (port_id, subject_type, subject_id, word)
        SELECT v.port_id, 'vessel', v.id, w FROM vessels v CROSS JOIN LATERAL search_split(concat_ws(' ', {WORDS})) AS w
        """  # noqa: S608  (constants)
    )
    op.execute(
        "SELECT search_learn(array_agg(x.port_id), array_agg(x.word))"
        " FROM (SELECT DISTINCT port_id, word FROM search_words WHERE subject_type = 'vessel') x"
    )


def downgrade() -> None:
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER search_{event} ON vessels")
    op.execute(clients_by(vessels=False))
    op.execute(f"DROP FUNCTION {VESSELS}")
    op.execute(f"REVOKE SELECT ON vessels FROM {SEARCH}")  # noqa: S608
    op.execute("DROP POLICY vessels_search ON vessels")
    op.execute("DELETE FROM search_words WHERE subject_type = 'vessel'")
