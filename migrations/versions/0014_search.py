"""Search: the words of records, how they are spelled wrongly, and the functions that look clients up by them.

Policies switch off every index but those of leakproof operators, so what searches is a definer function of
quayside_search, which may read and nothing else, and which names the port in force itself. The words are kept by
triggers, whoever writes the records.

Revision ID: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import SEARCH, definer, fence_port

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

READ = ("clients", "client_contacts", "client_notes", "search_words", "search_spellings")
# The digits after the code of the country, which has one to three of them.
NATIONAL = (
    r"regexp_replace(normalised, '^\+([17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|(2[1-689]|3[578]|42|5[09]|6[789]|8[035789]|9[679])[0-9])', '')"
)
PHONES = "kind IN ('phone', 'whatsapp') AND archived_at IS NULL"
NOTE_WORDS = (
    "to_tsvector('simple'::regconfig, translate(regexp_replace(normalize(body, NFKD),"
    " '[\\u0300-\\u036f''’]', '', 'g'), 'øØłŁđĐðÐıŋŊ', 'oOlLdDdDinN'))"
)

FUNCTIONS = {
    # Lower case, without accents and apostrophes: `Émile d’Ørsted` → `emile dorsted`.
    "search_fold(text)": """
        CREATE FUNCTION search_fold(p_text text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp AS $$
            SELECT replace(replace(replace(replace(translate(lower(
                       regexp_replace(normalize(p_text, NFKD), '[\\u0300-\\u036f''’`´]', '', 'g')),
                       'øłđðıŋ', 'olddin'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
        $$
    """,
    "search_split(text)": """
        CREATE FUNCTION search_split(p_text text) RETURNS SETOF text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp AS $$
            SELECT DISTINCT left(w, 40)
            FROM regexp_split_to_table(search_fold(p_text), '[^[:alnum:]]+') AS w WHERE w <> ''
        $$
    """,
    # The word and whatever is left of it without one letter. Two words that differ in one letter (more, less, other, or
    # two in the wrong order) have one of these in common.
    "search_spell(text)": """
        CREATE FUNCTION search_spell(p_word text) RETURNS SETOF text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp AS $$
            SELECT p_word
            UNION SELECT left(p_word, i - 1) || substr(p_word, i + 1) FROM generate_series(1, length(p_word)) AS i
            WHERE length(p_word) BETWEEN 3 AND 24 AND p_word !~ '^[0-9]+$'
        $$
    """,
    # No unique index stands over the spellings: it would make two who enter the same new name wait for each other, and
    # sometimes for ever. A word that stands there twice does no harm.
    "search_learn(uuid[], text[])": """
        CREATE FUNCTION search_learn(p_ports uuid[], p_words text[]) RETURNS void
        LANGUAGE sql SET search_path = public, pg_temp AS $$
            INSERT INTO search_spellings (port_id, spelling, word)
            SELECT x.port_id, s, x.word
            FROM (SELECT DISTINCT u.port_id, u.word FROM unnest(p_ports, p_words) AS u (port_id, word)) x
            CROSS JOIN LATERAL search_spell(x.word) AS s
            WHERE NOT EXISTS (SELECT FROM search_spellings k
                              WHERE k.port_id = x.port_id AND k.spelling = x.word AND k.word = x.word)
        $$
    """,
    # For any table with port_id and id: what its records are called, and the columns that hold their words.
    "search_index()": """
        CREATE FUNCTION search_index() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            v_subject text := TG_ARGV[0];
            v_text text := format('concat_ws('' '', %s)', TG_ARGV[1]);
            v_ports uuid[]; v_ids uuid[]; v_words text[];
        BEGIN
            IF TG_OP = 'DELETE' THEN
                DELETE FROM search_words w USING removed r
                WHERE w.port_id = r.port_id AND w.subject_type = v_subject AND w.subject_id = r.id;
                RETURN NULL;
            END IF;
            IF TG_OP = 'INSERT' THEN
                EXECUTE format(
                    'SELECT array_agg(a.port_id), array_agg(a.id), array_agg(w)'
                    ' FROM added a CROSS JOIN LATERAL search_split(%s) AS w', v_text) INTO v_ports, v_ids, v_words;
            ELSE
                EXECUTE format(
                    'SELECT array_agg(n.port_id), array_agg(n.id)'
                    ' FROM (SELECT port_id, id, %1$s AS words FROM added) n'
                    ' JOIN (SELECT id, %1$s AS words FROM removed) o ON o.id = n.id AND o.words <> n.words',
                    v_text) INTO v_ports, v_ids;
                IF v_ids IS NULL THEN RETURN NULL; END IF;
                DELETE FROM search_words w USING unnest(v_ports, v_ids) AS c (port_id, id)
                WHERE w.port_id = c.port_id AND w.subject_type = v_subject AND w.subject_id = c.id;
                EXECUTE format(
                    'SELECT array_agg(a.port_id), array_agg(a.id), array_agg(w)'
                    ' FROM added a CROSS JOIN LATERAL search_split(%s) AS w WHERE a.id = ANY ($1)', v_text)
                    INTO v_ports, v_ids, v_words USING v_ids;
            END IF;
            IF v_ids IS NULL THEN RETURN NULL; END IF;
            INSERT INTO search_words (port_id, subject_type, subject_id, word)
            SELECT u.port_id, v_subject, u.id, u.word FROM unnest(v_ports, v_ids, v_words) AS u (port_id, id, word)
            ON CONFLICT DO NOTHING;
            PERFORM search_learn(v_ports, v_words);
            RETURN NULL;
        END $$
    """,
    # Words of the port that somebody may have meant: one letter wrong, with p_far two, or a beginning with one.
    "search_meant(uuid, text, boolean)": """
        CREATE FUNCTION search_meant(p_port uuid, p_word text, p_far boolean) RETURNS text[]
        LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
        DECLARE v_near text[]; v_far text[] := '{}';
        BEGIN
            IF length(p_word) NOT BETWEEN 3 AND 24 THEN RETURN ARRAY[p_word]; END IF;
            SELECT coalesce(array_agg(x.word), '{}') INTO v_near FROM (
                SELECT DISTINCT s.word FROM search_spellings s
                WHERE s.port_id = p_port AND s.spelling = ANY (ARRAY(SELECT search_spell(p_word)))
                  AND levenshtein_less_equal(s.word, p_word, 2) <= 2 LIMIT 200) x;
            IF p_far AND length(p_word) >= 4 THEN
                PERFORM set_config('pg_trgm.similarity_threshold', '0.2', true),
                        set_config('pg_trgm.word_similarity_threshold', '0.4', true);
                SELECT coalesce(array_agg(x.word), '{}') INTO v_far FROM (
                    SELECT DISTINCT s.word FROM search_spellings s
                    WHERE s.port_id = p_port AND s.spelling = s.word
                      AND (s.word % p_word AND length(p_word) >= 5 AND levenshtein_less_equal(s.word, p_word, 2) <= 2
                        OR p_word <% s.word
                           AND levenshtein_less_equal(left(s.word, length(p_word)), p_word, 1) <= 1)
                    LIMIT 200) x;
            END IF;
            RETURN v_near || v_far || p_word;
        END $$
    """,
    # Words of the port that a word of the query may stand for: 1 itself, 2 what begins with it, 3 and 4 also what may
    # have been meant. None when there is no such word, null when there are too many to name.
    "search_standing(uuid, text, int)": """
        CREATE FUNCTION search_standing(p_port uuid, p_word text, p_how int) RETURNS text[]
        LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
        DECLARE v_words text[];
        BEGIN
            SELECT coalesce(array_agg(x.word), '{}') INTO v_words FROM (
                SELECT DISTINCT s.word FROM search_spellings s
                WHERE s.port_id = p_port AND s.spelling = s.word AND s.word >= p_word
                  AND s.word < p_word || CASE WHEN p_how = 1 THEN chr(1) ELSE chr(1114111) END
                LIMIT 101) x;
            IF p_how > 2 THEN
                RETURN ARRAY(SELECT DISTINCT w FROM unnest(v_words || search_meant(p_port, p_word, p_how = 4)) AS w);
            END IF;
            RETURN CASE WHEN cardinality(v_words) <= 100 THEN v_words END;
        END $$
    """,
    # The records of one kind that have all of the words, in any order, as a statement; null when there can be none, and
    # where the beginnings of words are only the words themselves. Words are named one by one: then the planner knows
    # how many there are of each, and walks their lists side by side.
    "search_having(uuid, text, text[], int)": """
        CREATE FUNCTION search_having(p_port uuid, p_subject text, p_words text[], p_how int) RETURNS text
        LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
        DECLARE
            v_sql text := 'SELECT d.subject_id FROM search_words d WHERE '; v_here text;
            v_set text[]; v_is_new boolean := p_how <> 2;
        BEGIN
            FOR i IN 1..cardinality(p_words) LOOP
                v_set := search_standing(p_port, p_words[i], p_how);
                IF v_set = '{}' THEN RETURN NULL; END IF;
                v_is_new := v_is_new OR v_set IS DISTINCT FROM ARRAY[p_words[i]];
                v_here := CASE
                    WHEN v_set IS NULL
                        THEN format('>= %L AND w.word < %L', p_words[i], p_words[i] || chr(1114111))
                    WHEN cardinality(v_set) = 1 THEN format('= %L', v_set[1])
                    ELSE format('= ANY (%L)', v_set) END;
                v_here := format('w.port_id = %L AND w.subject_type = %L AND w.word ', p_port, p_subject) || v_here;
                v_sql := v_sql || CASE
                    WHEN i = 1 THEN replace(v_here, 'w.', 'd.')
                    ELSE ' AND EXISTS (SELECT FROM search_words w WHERE w.subject_id = d.subject_id AND '
                        || v_here || ')' END;
            END LOOP;
            RETURN CASE WHEN v_is_new THEN v_sql END;
        END $$
    """,
}

# A client that fits in several ways stands where it fits best, and among equals by name. The next way is tried only
# while the better ones gave too few. `$1` the port, `$2` who was found already, `$3` how many more, `$4` who asks.
SEARCH_CLIENTS = r"""
    CREATE FUNCTION search_clients(p_query text, p_limit int, p_own boolean, p_archived boolean)
    RETURNS TABLE (client_id uuid, place int, tier int, why text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        v_port uuid := port_in_force();
        v_user uuid := nullif(current_setting('app.user_id', true), '')::uuid;
        v_plain text := btrim(regexp_replace(search_fold(p_query), '\s+', ' ', 'g'));
        v_words text[] := ARRAY(
            SELECT s.w FROM regexp_split_to_table(search_fold(p_query), '[^[:alnum:]]+') WITH ORDINALITY AS s (w, n)
            WHERE s.w <> '' ORDER BY s.n LIMIT 8);
        v_ids uuid[] := '{}'; v_tiers int[] := '{}'; v_whys text[] := '{}';
        v_more uuid[]; v_more_whys text[]; v_tier int; v_sql text;
        v_seen text := format(' AND c.archived_at IS %s AND c.id <> ALL ($2)',
                              CASE WHEN p_archived THEN 'NOT NULL' ELSE 'NULL' END)
            || CASE WHEN p_own THEN ' AND (c.owner_id = $4 OR c.created_by_id = $4 AND c.owner_id IS NULL)' ELSE '' END;
    BEGIN
        IF v_port IS NULL OR v_user IS NULL OR current_setting('app.scope', true) IS DISTINCT FROM 'staff'
           OR v_plain = '' THEN RETURN; END IF;
        FOR v_tier IN 1..9 LOOP
            -- Wrong spellings are thought of where hardly anything is spelled like that.
            CONTINUE WHEN v_tier IN (7, 8) AND cardinality(v_ids) >= 10;
            v_sql := search_clients_by(v_tier, v_port, v_plain, p_query, v_words, v_seen);
            CONTINUE WHEN v_sql IS NULL;
            EXECUTE 'SELECT array_agg(x.id ORDER BY x.sort_name, x.id), array_agg(x.why ORDER BY x.sort_name, x.id)'
                ' FROM (SELECT DISTINCT ON (y.sort_name, y.id) y.* FROM (' || v_sql || ') y'
                '       ORDER BY y.sort_name, y.id LIMIT $3) x'
                INTO v_more, v_more_whys USING v_port, v_ids, p_limit - cardinality(v_ids), v_user;
            CONTINUE WHEN v_more IS NULL;
            v_ids := v_ids || v_more;
            v_whys := v_whys || v_more_whys;
            v_tiers := v_tiers || array_fill(v_tier, ARRAY[cardinality(v_more)]);
            EXIT WHEN cardinality(v_ids) >= p_limit;
        END LOOP;
        RETURN QUERY SELECT f.id, f.n::int, f.tier, f.why
        FROM unnest(v_ids, v_tiers, v_whys) WITH ORDINALITY AS f (id, tier, why, n);
    END $$
"""
# 1 number or whole name, 2 its beginning, 3 all words, 4 their beginnings, 5 e-mail or phone, 6 what belongs to them,
# 7 one letter wrong, 8 two, 9 notes. `p_seen` is which clients are seen at all.
SEARCH_CLIENTS_BY = r"""
    CREATE FUNCTION search_clients_by(p_tier int, p_port uuid, p_plain text, p_typed text, p_words text[], p_seen text)
    RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
    DECLARE
        v_pick text := 'SELECT c.id, c.sort_name, NULL::text AS why FROM clients c WHERE c.port_id = $1' || p_seen;
        v_reach text := 'SELECT c.id, c.sort_name, k.value AS why FROM client_contacts k'
            ' JOIN clients c ON c.port_id = k.port_id AND c.id = k.client_id WHERE k.port_id = $1'
            ' AND k.archived_at IS NULL' || p_seen;
        v_phones text := v_reach || ' AND k.kind IN (''phone'', ''whatsapp'')';
        v_mail text := lower(btrim(p_typed));
        v_last text := chr(1114111);
        v_digits text := regexp_replace(replace(p_typed, '(0)', ''), '[^0-9]', '', 'g');
        v_national text := ltrim(v_digits, '0');
        v_begins text := ' AND %1$s ~>=~ %2$L AND %1$s ~<~ %3$L LIMIT 2 * $3';
        v_having text; v_parts text[] := '{}';
    BEGIN
        CASE p_tier
        WHEN 1 THEN
            IF p_plain ~ '^[0-9]{1,9}$' THEN
                RETURN v_pick || format(' AND c.number = %s', p_plain);
            END IF;
            RETURN v_pick || format(' AND c.sort_name = %L LIMIT $3', p_plain);
        WHEN 2 THEN
            RETURN v_pick || format(' AND c.sort_name >= %L AND c.sort_name < %L ORDER BY c.sort_name, c.id LIMIT $3',
                                    p_plain, p_plain || v_last);
        WHEN 3, 4, 7, 8 THEN
            IF p_words = '{}' OR p_tier IN (7, 8) AND p_plain !~ '[[:alpha:]]' THEN RETURN NULL; END IF;
            v_having := search_having(p_port, 'client', p_words,
                                      CASE WHEN p_tier < 5 THEN p_tier - 2 ELSE p_tier - 4 END);
            -- Of what was perhaps meant nobody wants hundreds.
            RETURN 'SELECT c.id, c.sort_name, NULL::text AS why FROM (' || v_having
                || ') h JOIN clients c ON c.port_id = $1 AND c.id = h.subject_id WHERE true' || p_seen
                || CASE WHEN p_tier > 5 THEN ' LIMIT least($3, 200)' ELSE ' LIMIT 2 * $3' END;
        WHEN 5 THEN
            IF p_typed !~ '[[:alpha:]]' AND length(v_national) >= 3 THEN
                IF btrim(p_typed) ~ '^(\+|00)' THEN
                    v_parts := ARRAY[v_phones
                        || format(v_begins, 'k.normalised', '+' || v_national, '+' || v_national || v_last)];
                ELSE
                    v_parts := ARRAY[
                        v_phones || format(v_begins, $x$NATIONAL$x$, v_national, v_national || v_last),
                        v_phones || format(v_begins, $x$NATIONAL$x$, v_digits, v_digits || v_last),
                        v_phones || format(v_begins, 'k.normalised', '+' || v_digits, '+' || v_digits || v_last),
                        v_phones || format(v_begins, 'reverse(k.normalised)',
                                           reverse(v_digits), reverse(v_digits) || v_last)];
                END IF;
            ELSIF v_mail ~ '[[:alpha:]]' AND length(v_mail) >= 2 THEN
                v_parts := ARRAY[v_reach || format(v_begins, 'k.normalised', v_mail, v_mail || v_last)];
                IF v_mail !~ '\s' AND length(v_mail) >= 3 THEN
                    v_mail := ltrim(v_mail, '@');
                    v_parts := v_parts || (v_reach || ' AND k.kind = $x$email$x$'
                        || format(v_begins, 'split_part(k.normalised, $x$@$x$, 2)', v_mail, v_mail || v_last));
                END IF;
            END IF;
            RETURN (SELECT string_agg('(' || part || ')', ' UNION ALL ') FROM unnest(v_parts) AS part);
        WHEN 9 THEN
            IF p_plain !~ '[[:alnum:]]{3}' THEN RETURN NULL; END IF;
            RETURN 'SELECT c.id, c.sort_name, n.body AS why FROM client_notes n'
                ' JOIN clients c ON c.port_id = n.port_id AND c.id = n.client_id'
                ' WHERE n.port_id = $1 AND n.archived_at IS NULL' || p_seen || ' AND ' || $x$NOTE_WORDS$x$
                || format(' @@ to_tsquery(''simple'', %L) LIMIT 2 * $3', array_to_string(p_words, ':* & ') || ':*');
        ELSE
            RETURN NULL;
        END CASE;
    END $$
""".replace("NATIONAL", NATIONAL.replace("normalised", "k.normalised")).replace(
    "NOTE_WORDS", NOTE_WORDS.replace("body", "n.body")
)


def upgrade() -> None:
    for extension in ("btree_gin", "fuzzystrmatch"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.create_table(
        "search_words",
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("subject_type", sa.String(20), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("port_id", "subject_type", "subject_id", "word"),
    )
    op.create_index("ix_search_words_word", "search_words", ["port_id", "subject_type", "word", "subject_id"])
    op.create_table(
        "search_spellings",
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("spelling", sa.Text(collation="C"), nullable=False),
        sa.Column("word", sa.Text(collation="C"), nullable=False),
    )
    op.create_index("ix_search_spellings_spelling", "search_spellings", ["port_id", "spelling", "word"])
    op.create_index(
        "ix_search_spellings_word", "search_spellings", ["port_id", "word"], postgresql_where="spelling = word"
    )
    op.create_index(
        "ix_search_spellings_trigrams",
        "search_spellings",
        ["port_id", "word"],
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
        postgresql_where="spelling = word",
    )
    for table in ("search_words", "search_spellings"):
        fence_port(table, grants="SELECT")
    for table in READ:
        op.execute(f"CREATE POLICY {table}_search ON {table} FOR SELECT TO {SEARCH} USING (true)")
        op.execute(f"GRANT SELECT ON {table} TO {SEARCH}")
    make_functions()
    make_triggers()
    # The triggers stand from here on, so nothing written meanwhile is missed and nobody waits.
    with op.get_context().autocommit_block():
        take_words()
        make_indexes()


def make_functions() -> None:
    op.execute(f"GRANT EXECUTE ON FUNCTION port_in_force() TO {SEARCH}")
    for signature, statement in FUNCTIONS.items():
        op.execute(statement)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {SEARCH}")
    op.execute(SEARCH_CLIENTS_BY)
    op.execute(f"REVOKE ALL ON FUNCTION {BY} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {BY} TO {SEARCH}")
    op.execute(SEARCH_CLIENTS)
    definer(CLIENTS, owner=SEARCH)


BY = "search_clients_by(int, uuid, text, text, text[], text)"
CLIENTS = "search_clients(text, int, boolean, boolean)"
# Kept of clients by the trigger.
NAMES = "full_name, company_name, preferred_name"
INDEXES = {
    "ix_client_contacts_reach": "client_contacts (port_id, normalised text_pattern_ops) WHERE archived_at IS NULL",
    "ix_client_contacts_domain": (
        "client_contacts (port_id, split_part(normalised, '@', 2) text_pattern_ops)"
        " WHERE kind = 'email' AND archived_at IS NULL"
    ),
    "ix_client_contacts_national": f"client_contacts (port_id, ({NATIONAL}) text_pattern_ops) WHERE {PHONES}",
    "ix_client_contacts_ending": f"client_contacts (port_id, reverse(normalised) text_pattern_ops) WHERE {PHONES}",
    "ix_client_notes_words": f"client_notes USING gin (port_id, ({NOTE_WORDS})) WHERE archived_at IS NULL",
}


def make_triggers() -> None:
    definer("search_index()")
    for event, tables in (
        ("INSERT", "NEW TABLE AS added"),
        ("UPDATE", "OLD TABLE AS removed NEW TABLE AS added"),
        ("DELETE", "OLD TABLE AS removed"),
    ):
        op.execute(
            f"CREATE TRIGGER search_{event.lower()} AFTER {event} ON clients REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION search_index('client', '{NAMES}')"
        )


def take_words() -> None:
    """The words of what is there already."""
    op.execute(
        f"""
        INSERT INTO search_words (port_id, subject_type, subject_id, word)
        SELECT c.port_id, 'client', c.id, w FROM clients c
        CROSS JOIN LATERAL search_split(concat_ws(' ', {NAMES})) AS w
        ON CONFLICT DO NOTHING
        """  # noqa: S608  (constants)
    )
    op.execute(
        "SELECT search_learn(array_agg(x.port_id), array_agg(x.word))"
        " FROM (SELECT DISTINCT port_id, word FROM search_words) x"
    )


def make_indexes() -> None:
    for name, definition in INDEXES.items():
        op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {definition}")
        is_valid = sa.text(f"SELECT indisvalid FROM pg_index WHERE indexrelid = '{name}'::regclass")  # noqa: S608
        assert op.get_bind().scalar(is_valid), name  # noqa: S101


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY {name}")
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER search_{event} ON clients")
    for signature in (CLIENTS, BY, *reversed(FUNCTIONS)):
        op.execute(f"DROP FUNCTION {signature}")
    for table in READ:
        op.execute(f"DROP POLICY {table}_search ON {table}")
        op.execute(f"REVOKE SELECT ON {table} FROM {SEARCH}")  # noqa: S608
    op.execute(f"REVOKE EXECUTE ON FUNCTION port_in_force() FROM {SEARCH}")
    op.drop_table("search_spellings")
    op.drop_table("search_words")
    for extension in ("btree_gin", "fuzzystrmatch"):
        op.execute(f"DROP EXTENSION {extension}")
