"""What stands in custom fields is found, and by it whoever has it; words written as one; vessels that are put away.

Revision ID: 0030
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

from migrations.policies import SEARCH, definer

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TABLES = ("custom_field_values", "custom_field_definitions")
# Choices are filters of the lists.
WORDS = (
    "CASE WHEN kind = 'text' THEN text_value WHEN kind IN ('number', 'money') THEN trim_scale(number_value)::text END"
)
VALUES = (
    " JOIN custom_field_values f ON f.port_id = $1 AND f.id = h.subject_id"
    " JOIN custom_field_definitions d ON d.port_id = $1 AND d.id = f.definition_id AND d.archived_at IS NULL"
)
# Two words of the port that somebody wrote as one; the second may be a beginning.
UNGLUED = """
    CREATE FUNCTION search_unglued(p_port uuid, p_word text) RETURNS SETOF text[]
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
        SELECT ARRAY[left(p_word, i), substr(p_word, i + 1)] FROM generate_series(2, length(p_word) - 2) AS i
        WHERE length(p_word) BETWEEN 6 AND 40
          AND EXISTS (SELECT FROM search_spellings s
                      WHERE s.port_id = p_port AND s.spelling = s.word AND s.word = left(p_word, i))
          AND EXISTS (SELECT FROM search_spellings s
                      WHERE s.port_id = p_port AND s.spelling = s.word AND s.word >= substr(p_word, i + 1)
                        AND s.word < substr(p_word, i + 1) || chr(1114111))
        LIMIT 5
    $$
"""
HAVING = "coalesce(search_having(p_port, '{0}', p_words, 2), search_having(p_port, '{0}', p_words, 1))"
# Whoever owns a vessel of that name, or has it in a field of their own or of a vessel.
BELONGING = rf"""
        WHEN 6 THEN
            IF p_words = '{{}}' THEN RETURN NULL; END IF;
            v_having := {HAVING.format("vessel")};
            IF v_having IS NOT NULL THEN
                v_parts := v_parts || ('SELECT c.id, c.sort_name, v.name::text AS why FROM (' || v_having
                    || ') h JOIN vessels v ON v.port_id = $1 AND v.id = h.subject_id AND v.archived_at IS NULL'
                    ' JOIN clients c ON c.port_id = v.port_id AND c.id = v.client_id WHERE true'
                    || p_seen || ' LIMIT 2 * $3');
            END IF;
            v_having := {HAVING.format("field")};
            IF v_having IS NOT NULL THEN
                v_parts := v_parts || ('SELECT c.id, c.sort_name,'
                    ' coalesce(f.text_value, trim_scale(f.number_value)::text) AS why FROM (' || v_having
                    || ') h{VALUES}'
                    ' LEFT JOIN vessels v ON v.port_id = $1 AND v.id = f.vessel_id AND v.archived_at IS NULL'
                    ' JOIN clients c ON c.port_id = $1 AND c.id = coalesce(f.client_id, v.client_id) WHERE true'
                    || p_seen || ' LIMIT 2 * $3');
            END IF;
            RETURN (SELECT string_agg('(' || part || ')', ' UNION ALL ') FROM unnest(v_parts) AS part);
        WHEN 9 THEN"""  # noqa: S608  # of the constants in this file alone
NAMED = """
                                      CASE WHEN p_tier < 5 THEN p_tier - 2 ELSE p_tier - 4 END);"""
AS_ONE = f"""{NAMED}
            IF p_tier = 7 AND cardinality(p_words) = 1 THEN
                v_having := nullif(array_to_string(v_having || ARRAY(
                    SELECT coalesce(search_having(p_port, 'client', u.two, 2),
                                    search_having(p_port, 'client', u.two, 1))
                    FROM search_unglued(p_port, p_words[1]) AS u (two)), ' UNION '), '');
            END IF;"""  # noqa: S608  # of the constants in this file alone
# 1 all words, 2 their beginnings, 3 one letter wrong, 4 two, 5 in a field.
SEARCH_VESSELS = rf"""
    CREATE FUNCTION search_vessels(p_query text, p_limit int, p_own boolean, p_archived boolean DEFAULT false)
    RETURNS TABLE (vessel_id uuid, place int, tier int)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        v_port uuid := port_in_force();
        v_user uuid := nullif(current_setting('app.user_id', true), '')::uuid;
        v_words text[] := ARRAY(SELECT w FROM search_split(p_query) AS w LIMIT 8);
        v_ids uuid[] := '{{}}'; v_tiers int[] := '{{}}'; v_more uuid[]; v_having text;
    BEGIN
        IF v_port IS NULL OR v_user IS NULL OR current_setting('app.scope', true) IS DISTINCT FROM 'staff'
           OR v_words = '{{}}' THEN RETURN; END IF;
        FOR v_tier IN 1..5 LOOP
            EXIT WHEN cardinality(v_ids) >= p_limit;
            CONTINUE WHEN v_tier IN (3, 4) AND cardinality(v_ids) >= 10;
            v_having := CASE WHEN v_tier < 5 THEN search_having(v_port, 'vessel', v_words, v_tier)
                ELSE coalesce(search_having(v_port, 'field', v_words, 2),
                              search_having(v_port, 'field', v_words, 1)) END;
            CONTINUE WHEN v_having IS NULL;
            EXECUTE 'SELECT array_agg(x.id ORDER BY x.sort_name, x.id) FROM (SELECT v.id, v.sort_name FROM ('
                || v_having || ') h' || CASE WHEN v_tier < 5 THEN '' ELSE '{VALUES}' END
                || ' JOIN vessels v ON v.port_id = $1 AND v.id = '
                || CASE WHEN v_tier < 5 THEN 'h.subject_id' ELSE 'f.vessel_id' END
                || CASE WHEN p_archived THEN ' WHERE v.archived_at IS NOT NULL' ELSE ' WHERE v.archived_at IS NULL' END
                || ' AND v.id <> ALL ($2) AND (NOT $5 OR EXISTS ('
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
"""  # noqa: S608  # of the constants in this file alone


def clients_by() -> str:
    """The function of 0014, with what belongs to clients and with words written as one."""
    statement: str = import_module("migrations.versions.0021_vessel_words").clients_by(vessels=False)
    for old, new in (("\n        WHEN 9 THEN", BELONGING), (NAMED, AS_ONE)):
        assert statement.count(old) == 1, old  # noqa: S101  # what is replaced must be there
        statement = statement.replace(old, new)
    return statement


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"CREATE POLICY {table}_search ON {table} FOR SELECT TO {SEARCH} USING (true)")
        op.execute(f"GRANT SELECT ON {table} TO {SEARCH}")
    op.execute(UNGLUED)
    op.execute("REVOKE ALL ON FUNCTION search_unglued(uuid, text) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION search_unglued(uuid, text) TO {SEARCH}")
    op.execute("DROP FUNCTION search_vessels(text, int, boolean)")
    op.execute(SEARCH_VESSELS)
    definer("search_vessels(text, int, boolean, boolean)", owner=SEARCH)
    words = WORDS.replace("'", "''")
    for event, tables in (
        ("INSERT", "NEW TABLE AS added"),
        ("UPDATE", "OLD TABLE AS removed NEW TABLE AS added"),
        ("DELETE", "OLD TABLE AS removed"),
    ):
        op.execute(
            f"CREATE TRIGGER search_{event.lower()} AFTER {event} ON custom_field_values REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION search_index('field', '{words}')"
        )
    op.execute(
        f"""
        INSERT INTO search_words (port_id, subject_type, subject_id, word)
        SELECT v.port_id, 'field', v.id, w FROM custom_field_values v
        CROSS JOIN LATERAL search_split(concat_ws(' ', {WORDS})) AS w ON CONFLICT DO NOTHING
        """  # noqa: S608  # of the constants in this file alone
    )
    op.execute(
        "SELECT search_learn(array_agg(x.port_id), array_agg(x.word))"
        " FROM (SELECT DISTINCT port_id, word FROM search_words WHERE subject_type = 'field') x"
    )
    op.execute(clients_by())


def downgrade() -> None:
    before = import_module("migrations.versions.0021_vessel_words")
    op.execute(before.clients_by(vessels=True))
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER search_{event} ON custom_field_values")
    op.execute("DROP FUNCTION search_vessels(text, int, boolean, boolean)")
    op.execute(before.SEARCH_VESSELS)
    definer(before.VESSELS, owner=SEARCH)
    op.execute("DROP FUNCTION search_unglued(uuid, text)")
    for table in TABLES:
        op.execute(f"REVOKE SELECT ON {table} FROM {SEARCH}")  # noqa: S608  # of the constants in this file alone
        op.execute(f"DROP POLICY {table}_search ON {table}")
    op.execute("DELETE FROM search_words WHERE subject_type = 'field'")
