"""Finding clients that look like one: while one is entered, and by looking the whole port through."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, String, and_, any_, func, literal, or_, select, text, union
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from uuid_utils.compat import uuid7

from ...current import Member
from ...db import db, now, port_in_force
from ...events.bulk import Happening, record_many, subject_keys
from ...events.models import System
from ...jobs import job
from ...search.models import WORDS as SEARCH_WORDS
from ...sorting import sort_name
from ..models import Client, Contact, ContactKind, DuplicateScan, DuplicateState
from ..models.contact import Unfit, read_value
from ..models.finding import search
from .likeness import ENOUGH, Look, compare, name_keys
from .nicknames import other_names

PHONES = (ContactKind.PHONE, ContactKind.WHATSAPP)

# --- While one is entered -----------------------------------------------------------------------------------------

SHOWN = 5
LOOKED_AT = 60  # candidates of each kind; more of a name says that the name says little
LAST = "\U0010ffff"  # behind all that begins with what stands before it


@dataclass(frozen=True)
class Lookalike:
    """Somebody who is here already. `client` is a row with number, full_name, company_name, town and archived_at."""

    client: Any
    score: int
    reasons: Sequence[str]


def lookalikes(member: Member, typed: dict[str, Any], *, country: str) -> list[Lookalike]:
    """Clients the member may see that look like what was typed, the likeliest first: one statement where there is
    nobody, one more where an address or a company was typed, and one for who is found."""
    look = typed_look(typed, country=country)
    ids = _same(look)
    if look.street or look.company_name:
        ids |= _resembling(member, look, str(typed["full_name"]))
    found = []
    for client, other in _looks(member, ids) if ids else ():
        score, reasons = compare(look, other)
        if score >= ENOUGH:
            found.append(Lookalike(client, score, reasons))
    return sorted(found, key=lambda one: (-one.score, one.client.sort_name))[:SHOWN]


def typed_look(typed: dict[str, Any], *, country: str) -> Look:
    fields = ("company_name", "tax_number", "street", "postcode", "town")
    return Look(
        None,
        str(typed["kind"]),
        sort_name(typed["full_name"]),
        emails=_read(ContactKind.EMAIL, typed.get("email"), country),
        phones=_read(ContactKind.PHONE, typed.get("phone"), country),
        **{name: typed.get(name) or "" for name in fields},
    )


def _read(kind: ContactKind, value: str | None, country: str) -> list[str]:
    try:
        return [read_value(kind, value, country=country)[1]] if value else []
    except Unfit:
        return []


# As text, since it is sent before each client is entered. Row-level security lets it use the indexes: words are
# compared with = and as ranges, which tell nothing.
SAME = text(
    """
    (SELECT id FROM clients WHERE archived_at IS NULL AND sort_name >= :name AND sort_name <= :upto
     ORDER BY sort_name LIMIT :most)
    UNION (SELECT id FROM clients WHERE archived_at IS NULL AND tax_number <> '' AND tax_number = :tax LIMIT :most)
    UNION (SELECT client_id FROM client_contacts
           WHERE archived_at IS NULL AND normalised = ANY(CAST(:reach AS text[])) LIMIT :most)
    UNION (SELECT l.subject_id FROM search_words l
           JOIN search_words f ON f.port_id = l.port_id AND f.subject_type = 'client' AND f.subject_id = l.subject_id
           WHERE l.subject_type = 'client' AND l.word = :last AND f.word = :first LIMIT :most)
    """
)


def _same(look: Look) -> set[uuid.UUID]:
    """Who is called the same, in whatever order, or shares a contact or the tax number. Of one word, also who is called
    so with more behind it: that may be what a company is."""
    names = look.words if len(look.words) > 1 else ("", "")
    asked = {
        "name": look.sort_name,
        "upto": look.sort_name + ("" if len(look.words) > 1 else LAST),
        "tax": look.tax_number,
        "reach": [*look.emails, *look.phones],
        "first": names[0],
        "last": names[-1],
        "most": LOOKED_AT,
    }
    return set(db.session.scalars(SAME, asked))


def _resembling(member: Member, look: Look, typed: str) -> set[uuid.UUID]:
    """Whose name is spelled in another way. That is not enough by itself, nor with the town; who shares a contact or
    the tax number is found by that."""
    found = [select(search(member, typed, 10).c.client_id)]
    words = look.words
    if len(words) > 1:
        found += [_named(first, last) for first, last in {(words[0], words[-1]), (words[-1], words[0])}]
    return set(db.session.scalars(union(*(select(part.subquery().c[0]) for part in found))))


def _named(first: str, last: str) -> Select[Any]:
    """Who has `last` as a word of the name, and for `first` another form of it or the initial."""
    of_last, of_first = SEARCH_WORDS.alias(), SEARCH_WORDS.alias()
    forms = of_first.c.word == any_(literal([first[0], *sorted(other_names(first))], ARRAY(String)))
    if len(first) == 1:
        forms = or_(forms, and_(of_first.c.word >= first, of_first.c.word < chr(ord(first) + 1)))
    is_same = (of_first.c.port_id == of_last.c.port_id) & (of_first.c.subject_id == of_last.c.subject_id)
    return (
        select(of_last.c.subject_id)
        .join(of_first, is_same & (of_first.c.subject_type == "client"))
        .where(of_last.c.subject_type == "client", of_last.c.word == last, forms)
        .limit(LOOKED_AT)
    )


def _looks(member: Member, ids: Iterable[uuid.UUID]) -> Iterator[tuple[Any, Look]]:
    """Those of them whom the member may see and who are not put away."""
    reach = aggregate_order_by(Contact.kind + ":" + Contact.normalised, Contact.id)
    contacts = (
        select(func.array_agg(reach))
        .where(Contact.client_id == Client.id, Contact.port_id == Client.port_id, Contact.archived_at.is_(None))
        .scalar_subquery()
    )
    seen = Client.visible_to(member).where(Client.archived_at.is_(None), Client.id.in_(ids))
    columns = (Client.kind, Client.sort_name, Client.company_name, Client.tax_number, Client.street, Client.postcode)
    statement = seen.with_only_columns(
        Client.id, Client.number, Client.full_name, Client.town, *columns, contacts.label("reach")
    )
    for row in db.session.execute(statement):
        yield row, look_of(row)


def look_of(row: Any, *, vessels: Sequence[str] = (), marks: Sequence[str] = ()) -> Look:
    """A row with the columns of a client, and `reach`: `kind:normalised` of each contact."""
    reach = [one.partition(":")[::2] for one in row.reach or ()]
    return Look(
        row.id,
        row.kind,
        row.sort_name,
        row.company_name,
        row.tax_number,
        row.street,
        row.postcode,
        row.town,
        [value for kind, value in reach if kind == ContactKind.EMAIL],
        [value for kind, value in reach if kind in PHONES],
        vessels,
        marks,
    )


# --- Looking the whole port through -------------------------------------------------------------------------------

# Each client is compared with so many neighbours under each of its keys, so the work grows with the number of clients,
# and sorting them is all that grows faster.
NEIGHBOURS = 8
AT_ONCE = 2_000

TABLES = """
    CREATE TEMPORARY TABLE scan_looks ON COMMIT DROP AS
        SELECT c.id, c.kind, c.sort_name, c.company_name, c.tax_number, c.street, c.postcode, c.town, k.reach,
               v.vessels, v.marks
        FROM clients c LEFT JOIN (
            SELECT client_id, array_agg(kind || ':' || normalised ORDER BY id) AS reach FROM client_contacts
            WHERE archived_at IS NULL AND kind <> 'address' GROUP BY client_id) k ON k.client_id = c.id
        LEFT JOIN (
            SELECT client_id, array_agg(sort_name ORDER BY id) AS vessels,
                   array_agg(mark ORDER BY id) FILTER (WHERE mark ~ '[0-9]' AND length(mark) > 3) AS marks
            FROM (SELECT *, upper(regexp_replace(registration, '[^[:alnum:]]', '', 'g')) AS mark
                  FROM vessels WHERE archived_at IS NULL) w
            GROUP BY client_id) v ON v.client_id = c.id
        WHERE c.archived_at IS NULL;
    CREATE TEMPORARY TABLE scan_keys (key text COLLATE "C", client_id uuid) ON COMMIT DROP;
    INSERT INTO scan_keys
        SELECT CASE WHEN r LIKE 'email:%%' THEN r ELSE 'phone:' || split_part(r, ':', 2) END, id
        FROM scan_looks, unnest(reach) AS r;
    INSERT INTO scan_keys SELECT 'mark:' || m, id FROM scan_looks, unnest(marks) AS m;
    INSERT INTO scan_keys SELECT 'tax:' || tax_number, id FROM scan_looks WHERE tax_number <> '';
    CREATE TEMPORARY TABLE scan_found (a_id uuid, b_id uuid, score int, reasons jsonb) ON COMMIT DROP
"""
PAIRS = """
    CREATE TEMPORARY TABLE scan_pairs ON COMMIT DROP AS
    SELECT DISTINCT least(x.id, x.other) AS a_id, greatest(x.id, x.other) AS b_id FROM (
        SELECT l.id, unnest(array_agg(l.id) OVER near) AS other FROM scan_keys k JOIN scan_looks l ON l.id = k.client_id
        WINDOW near AS (PARTITION BY k.key ORDER BY l.sort_name, l.town, l.id
                        ROWS BETWEEN 1 FOLLOWING AND :neighbours FOLLOWING)) x
    WHERE x.id <> x.other
"""


class Side(NamedTuple):
    """One side of a pair, as a scan compares it."""

    id: uuid.UUID
    kind: str
    sort_name: str
    company_name: str
    tax_number: str
    street: str
    postcode: str
    town: str
    reach: Sequence[str] | None
    vessels: Sequence[str] | None
    marks: Sequence[str] | None


SIDES = ", ".join(f"{side}.{name} AS {side}_{name}" for side in ("a", "b") for name in Side._fields)
TOGETHER = f"SELECT {SIDES} FROM scan_pairs p JOIN scan_looks a ON a.id = p.a_id JOIN scan_looks b ON b.id = p.b_id"  # noqa: S608  # constants
# A pair that was decided stays decided.
KEEP = """
    INSERT INTO client_duplicates (id, port_id, a_id, b_id, score, reasons, state, created_at, updated_at)
    SELECT r.id, r.port_id, r.a_id, r.b_id, r.score, r.reasons, r.state, r.created_at, r.updated_at
    FROM jsonb_populate_recordset(NULL::client_duplicates, CAST(:rows AS jsonb)) r
    ON CONFLICT (port_id, a_id, b_id) DO UPDATE
        SET score = excluded.score, reasons = excluded.reasons, updated_at = excluded.updated_at
        WHERE client_duplicates.state = 'open'
          AND (client_duplicates.score, client_duplicates.reasons) IS DISTINCT FROM (excluded.score, excluded.reasons)
    RETURNING a_id, b_id, score, reasons, xmax = 0 AS is_new
"""
FORGET = """
    DELETE FROM client_duplicates d WHERE d.state = 'open'
    AND NOT EXISTS (SELECT FROM scan_found f WHERE f.a_id = d.a_id AND f.b_id = d.b_id)
"""


def note_failed(error: str) -> None:
    if port_id := port_in_force():
        DuplicateScan.locked(port_id).note_failed()


@job(queue="maintenance", failed=note_failed)
def scan_for_duplicates() -> None:
    """Compare each client of the port with those that share a key with it. What was decided stays so."""
    port_id = port_in_force()
    if port_id is None:
        return
    scan = DuplicateScan.locked(port_id)
    compared, found = scan_port(port_id)
    scan.note_finished(compared=compared, found=found, by=System())


def scan_port(port_id: uuid.UUID) -> tuple[int, int]:
    """How many pairs were compared, and how many new ones were found."""
    for name in ("looks", "keys", "pairs", "found"):
        db.session.execute(text(f"DROP TABLE IF EXISTS pg_temp.scan_{name}"))
    for statement in TABLES.split(";"):
        db.session.connection().exec_driver_sql(statement)
    _write_name_keys()
    for table in ("keys", "looks"):
        db.session.execute(text(f"ANALYZE scan_{table}"))
    db.session.execute(text(PAIRS), {"neighbours": NEIGHBOURS})
    db.session.execute(text("ANALYZE scan_pairs"))
    compared = new = 0
    alike = []
    rows = db.session.execute(text(TOGETHER).execution_options(yield_per=AT_ONCE))
    for row in rows:
        compared += 1
        one, other = _side(row[: len(Side._fields)]), _side(row[len(Side._fields) :])
        score, reasons = compare(one, other)
        if score >= ENOUGH:
            alike.append((row.a_id, row.b_id, score, reasons))
    for start in range(0, len(alike), AT_ONCE):
        new += _keep(alike[start : start + AT_ONCE], port_id)
    db.session.execute(text(FORGET))
    return compared, new


def _side(values: Iterable[Any]) -> Look:
    row = Side(*values)
    return look_of(row, vessels=row.vessels or (), marks=row.marks or ())


def _write_name_keys() -> None:
    """Sent as COPY, which a temporary table takes; a part of the names at a time, since there may be a million."""
    names = db.session.execute(text("SELECT id, sort_name FROM scan_looks").execution_options(yield_per=AT_ONCE))
    connection = db.session.connection().connection.driver_connection
    assert connection is not None  # noqa: S101  (of the transaction we are in)
    for some in names.partitions():
        with connection.cursor() as cursor, cursor.copy("COPY scan_keys (key, client_id) FROM STDIN") as copy:
            for row in some:
                for key in name_keys(row.sort_name):
                    copy.write_row((key, row.id))


def _keep(alike: Sequence[tuple[uuid.UUID, uuid.UUID, int, list[str]]], port_id: uuid.UUID) -> int:
    """Write the pairs; each new one is an event of its older client. How many were new."""
    moment = now().isoformat()
    rows = [
        {
            "id": str(uuid7()),
            "port_id": str(port_id),
            "a_id": str(a_id),
            "b_id": str(b_id),
            "score": score,
            "reasons": reasons,
            "state": DuplicateState.OPEN,
            "created_at": moment,
            "updated_at": moment,
        }
        for a_id, b_id, score, reasons in alike
    ]
    sent = json.dumps(rows)
    db.session.execute(
        text(
            "INSERT INTO scan_found SELECT r.a_id, r.b_id, r.score, r.reasons"
            " FROM jsonb_populate_recordset(NULL::scan_found, CAST(:rows AS jsonb)) r"
        ),
        {"rows": sent},
    )
    written = db.session.execute(text(KEEP), {"rows": sent})
    new = [row for row in written if row.is_new]
    happened = [
        Happening(
            "client:duplicateDetected",
            row.a_id,
            details={"a": str(row.a_id), "b": str(row.b_id), "score": row.score, "reason": row.reasons[0]},
        )
        for row in new
    ]
    ids = {row.a_id for row in new}
    record_many("client", happened, by=System(), port_id=port_id, keys=subject_keys("client", ids, port_id=port_id))
    return len(new)
