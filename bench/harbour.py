"""A harbour with a million clients, made inside Postgres and the same every time.

Every part of a row follows from its number, so nothing is drawn by chance and nothing has to be sent. Indexes are
made after the rows, and foreign keys are looked at once at the end.
"""

from __future__ import annotations

from datetime import datetime

import psycopg
from psycopg import sql

from app.sorting import sort_name
from tests.world import NORTH, ROLES, user_id

FIRST_NUMBER = 1001
BORN = datetime.fromisoformat("2016-03-01T08:00:00+00:00")
TABLES = ("clients", "client_contacts", "search_words")

# As many as PEOPLE counts with: 60, 50, 7 and 10.
FIRSTS = """
Ana João Inês Rui Marta Tiago Léa Erwan Colette Hugo Maëlle Yann Heikki Aino Eero Tuuli Pekka Saara Giulia Marco
Chiara Paolo Elena Luca Rosalind Oliver Harriet Edmund Imogen Jasper Sigrid Mats Elin Nils Freja Anders Wójciech Zofia
Kamil Łucja Jan Hanna Yuki Haruto Aoi Ren Sakura Daichi Thandeka Sipho Naledi Pieter Lerato Johan Eleanor Wyatt Grace
Caleb Maya Theodore
"""
LASTS = """
Pereira Beltrão Sousa Carvalho Nunes Marchand Kerlann Goff Riou Daniel Koskinen Lehtomäki Virtanen Niemi Salo Santoro
Ricci Moretti Conti Gallo Clair-Featherstonehaugh Whitlock Hargreave Penrose Ashdown Ørsted Lindqvist Bergström Dahl
Åkesson Wójcik Adamska Nowak Zieliński Mazur Okada Tanaka Mori Fujii Hayashi Nkosi Dlamini Wyk Botha Mokoena Holloway
Brandt Castellano Whitaker Reyes
"""
COMPANIES = "Charters Yachting Marine Sailing Atelier Boatworks Rederi"
# country, town, street, postcode, beginning of a phone number
LANDS = (
    ("PT", "Lagos", "Rua da Barca", "8600", "+351912555"),
    ("FR", "Toulon", "quai des Voiliers", "83000", "+33655551"),
    ("FI", "Hanko", "Rantakatu", "10900", "+358405550"),
    ("IT", "Genova", "via del Molo", "16126", "+393475559"),
    ("GB", "Falmouth", "Harbour Terrace", "TR11 3QH", "+441632960"),
    ("SE", "Göteborg", "Hamngatan", "411 06", "+46701740"),
    ("PL", "Gdynia", "ulica Portowa", "81-339", "+48601555"),
    ("JP", "Yokohama", "Minatomachi", "231-0023", "+819055551"),
    ("ZA", "Cape Town", "Dock Road", "8001", "+27825557"),
    ("US", "Annapolis", "Compromise Street", "21401", "+14105550"),
)

# An odd factor scatters the numbers over a table of names without leaving one out.
PEOPLE = """
CREATE TEMPORARY TABLE people AS
SELECT i,
       (lpad(to_hex(1456819200000 + i * 300000), 12, '0') || '7' || lpad(to_hex(i % 4096), 3, '0')
        || 'b' || lpad(to_hex(i), 15, '0'))::uuid AS id,
       i * 7 % 20 < 3 AS is_company,
       1 + (i * 7919 % 60)::int AS first,
       1 + (i * 104729 / 60 % 50)::int AS last,
       1 + (i * 15485863 / 3000 % 50)::int AS second,
       1 + (i * 32452843 % 10)::int AS land
FROM generate_series(1, %(rows)s::bigint) AS i
"""

CLIENTS = """
INSERT INTO clients (id, port_id, number, kind, full_name, sort_name, company_name, preferred_name, nationality,
                     languages, source, status, tax_number, street, postcode, town, region, country, owner_id,
                     created_by_id, marketing_consent_at, archived_at, version, created_at, updated_at)
SELECT p.id, %(port)s, %(first_number)s - 1 + i,
       CASE WHEN is_company THEN 'company' ELSE 'person' END,
       CASE WHEN is_company THEN l.shown || ' ' || c.shown ELSE f.shown || ' ' || l.shown || ' ' || s.shown END,
       CASE WHEN is_company THEN l.sorted || ' ' || c.sorted ELSE f.sorted || ' ' || l.sorted || ' ' || s.sorted END,
       CASE WHEN NOT is_company AND i * 11 %% 10 = 0 THEN l.shown || ' ' || c.shown ELSE '' END,
       CASE WHEN is_company THEN '' ELSE f.shown END,
       CASE WHEN is_company THEN '' ELSE d.country END,
       ARRAY['en'],
       (ARRAY['website', 'manual', 'referral', 'broker', 'event', 'other'])[1 + i * 5 %% 6],
       (ARRAY['active', 'active', 'active', 'prospect', 'former'])[1 + i * 3 %% 5],
       '', d.street || ' ' || 1 + i %% 90, d.postcode, d.town, '', d.country,
       (%(owners)s::uuid[])[1 + i * 13 %% %(owner_count)s],
       (%(owners)s::uuid[])[1 + i * 17 %% %(owner_count)s],
       CASE WHEN i * 7 %% 5 < 2 THEN %(born)s + i * interval '5 minutes' END,
       CASE WHEN i %% 50 = 49 THEN %(born)s + i * interval '5 minutes' + interval '1 year' END,
       1 + (i %% 4)::int,
       %(born)s + i * interval '5 minutes',
       %(born)s + i * interval '5 minutes' + (i * 48271 %% 233280) * interval '61 seconds'
FROM people p
JOIN names f ON f.kind = 'first' AND f.place = p.first
JOIN names l ON l.kind = 'last' AND l.place = p.last
JOIN names s ON s.kind = 'last' AND s.place = p.second
JOIN names c ON c.kind = 'company' AND c.place = 1 + p.i %% 7
JOIN lands d ON d.place = p.land
ORDER BY i
"""

CONTACTS = """
INSERT INTO client_contacts (id, port_id, client_id, kind, value, normalised, label, is_primary, version,
                             created_at, updated_at)
SELECT overlay(p.id::text PLACING k.mark FROM 20 FOR 1)::uuid, %(port)s, p.id, k.kind,
       CASE k.kind WHEN 'email' THEN mailbox ELSE phone END, CASE k.kind WHEN 'email' THEN mailbox ELSE phone END,
       CASE k.kind WHEN 'email' THEN '' ELSE 'Mobile' END, true, 1,
       %(born)s + i * interval '5 minutes', %(born)s + i * interval '5 minutes'
FROM people p
JOIN names l ON l.kind = 'last' AND l.place = p.last
JOIN lands d ON d.place = p.land
CROSS JOIN LATERAL (SELECT replace(replace(l.sorted, ' ', '-'), '.', '') || '.' || i || '@example.com' AS mailbox,
                           d.prefix || lpad((i %% 10000)::text, 4, '0') AS phone) v
JOIN (VALUES ('email', '8', 19), ('phone', '9', 17)) AS k (kind, mark, of_twenty) ON i * 3 %% 20 < k.of_twenty
ORDER BY i
"""

# What the triggers keep where they are not asleep.
WORDS = """
INSERT INTO search_words (port_id, subject_type, subject_id, word)
SELECT c.port_id, 'client', c.id, w FROM clients c
CROSS JOIN LATERAL search_split(concat_ws(' ', full_name, company_name, preferred_name)) AS w
"""
SPELLINGS = """
SELECT search_learn(array_agg(x.port_id), array_agg(x.word))
FROM (SELECT DISTINCT port_id, word FROM search_words) x
"""

ORPHANS = """
SELECT (SELECT count(*) FROM clients c WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = c.owner_id)
           OR NOT EXISTS (SELECT FROM users u WHERE u.id = c.created_by_id))
     + (SELECT count(*) FROM client_contacts k
        WHERE NOT EXISTS (SELECT FROM clients c WHERE c.port_id = k.port_id AND c.id = k.client_id))
"""

RECENT = """
UPDATE clients c SET updated_at = %s::timestamptz - n.place * interval '11 minutes'
FROM (SELECT id, row_number() OVER (ORDER BY created_at DESC) AS place
      FROM clients WHERE port_id = %s AND archived_at IS NULL ORDER BY created_at DESC LIMIT 400) n
WHERE c.id = n.id
"""


def fill(connection: psycopg.Connection, rows: int) -> None:
    """Load `rows` clients with 1.8 contacts each into the port of the bench, as the superuser."""
    with connection.transaction():
        indexes = take_indexes(connection)
        connection.execute("SET LOCAL session_replication_role = replica")
        name_tables(connection)
        connection.execute(PEOPLE.replace("%(rows)s", str(int(rows))))
        values = {
            "port": NORTH,
            "first_number": FIRST_NUMBER,
            "born": BORN,
            "owners": [user_id(f"{role}@north.example") for role in ROLES],
            "owner_count": len(ROLES),
        }
        connection.execute(CLIENTS, values)
        connection.execute(CONTACTS, values)
        connection.execute(WORDS)
        connection.execute(SPELLINGS)
        connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        for definition in indexes:
            connection.execute(definition)
        connection.execute("INSERT INTO number_blocks VALUES (%s, 'client', %s)", (NORTH, FIRST_NUMBER + rows))
        orphans = connection.execute(ORPHANS).fetchone()
        assert orphans == (0,), orphans
    connection.execute("VACUUM (ANALYZE)")
    connection.execute("CHECKPOINT")


def freshen(connection: psycopg.Connection, moment: datetime) -> None:
    """Let the newest clients have changed lately, as in a port where people work."""
    connection.execute(RECENT, (moment, NORTH))


def take_indexes(connection: psycopg.Connection) -> list[sql.SQL]:
    """Drop the indexes that are not constraints; gives what makes them again."""
    found = connection.execute(
        "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.tablename = ANY (%s)"
        " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)",
        (list(TABLES),),
    ).fetchall()
    for name, _definition in found:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [sql.SQL(definition) for _name, definition in found]


def name_tables(connection: psycopg.Connection) -> None:
    """Names and lands as tables; how a name sorts is known only to Python."""
    connection.execute("CREATE TEMPORARY TABLE names (kind text, place int, shown text, sorted text)")
    connection.execute(
        "CREATE TEMPORARY TABLE lands (place int, country text, town text, street text, postcode text, prefix text)"
    )
    with connection.cursor() as cursor:
        with cursor.copy("COPY names FROM STDIN") as copy:
            for kind, words in (("first", FIRSTS), ("last", LASTS), ("company", COMPANIES)):
                for place, word in enumerate(words.split(), 1):
                    copy.write_row((kind, place, word, sort_name(word)))
        with cursor.copy("COPY lands FROM STDIN") as copy:
            for place, land in enumerate(LANDS, 1):
                copy.write_row((place, *land))
