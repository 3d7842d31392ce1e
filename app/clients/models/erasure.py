"""Erasing a client: the words go for good, the number stays, and so does what a law wants kept."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, text

from ...db import after_commit, db, now
from ...events.models import Actor, record
from ...exports.models import Export
from ...files.models import LooseKey
from ...notifications.bell import ring
from ...sorting import sort_name
from .client import Client, ClientSource, ClientStatus
from .holding import FOLLOWS, HOLDINGS, STAYS, kept, pages

WITH_MERGED = text("""
    WITH RECURSIVE one AS (
        SELECT c.id, c.port_id FROM clients c WHERE c.id = :client
        UNION SELECT m.id, m.port_id FROM clients m JOIN one ON m.port_id = one.port_id AND m.merged_into_id = one.id)
    SELECT id FROM one
""")
# Whose page names one of these: the other end of what is between them.
OTHERS = text("""
    SELECT t.id, t.kind, t.from_id = o.id AS is_of, o.id AS other_id, o.port_id, o.full_name
    FROM client_relationships t
    JOIN clients o ON o.port_id = t.port_id AND o.id IN (t.from_id, t.to_id) AND NOT o.id = ANY (:clients)
    WHERE (t.from_id = ANY (:clients) OR t.to_id = ANY (:clients)) AND t.archived_at IS NULL ORDER BY t.id
""")
CONTENT = text("""
    SELECT v.storage_key FROM file_versions v WHERE v.file_id = ANY (:files)
    UNION ALL SELECT p.storage_key FROM file_pictures p JOIN file_versions v ON v.port_id = p.port_id
        AND v.id = p.version_id WHERE v.file_id = ANY (:files)
    UNION ALL SELECT a.storage_key FROM client_archives a WHERE a.client_id = ANY (:clients) AND a.storage_key <> ''
    UNION ALL SELECT i.storage_key FROM imports i
        WHERE i.id IN (SELECT r.import_id FROM import_rows r WHERE r.id = ANY (:rows))
        AND NOT EXISTS (SELECT FROM loose_keys k WHERE k.storage_key = i.storage_key)
""")
# What a file had in its columns stands beside their headings.
SAMPLES = text("""
    UPDATE imports i SET mapping = jsonb_set(i.mapping, '{samples}', coalesce((
        SELECT jsonb_agg('[]'::jsonb) FROM jsonb_array_elements(i.mapping -> 'samples')), '[]'))
    WHERE i.mapping ? 'samples' AND i.id IN (SELECT r.import_id FROM import_rows r WHERE r.id = ANY (:rows))
""")
# Files of many clients on their way out of the house, and files that came in: those are to go anyway, now at once.
PASSING = text("""
    UPDATE loose_keys k SET since = :long_ago WHERE k.storage_key IN (
        SELECT e.storage_key FROM exports e
        UNION SELECT i.storage_key FROM imports i JOIN import_rows r ON r.port_id = i.port_id AND r.import_id = i.id
        WHERE r.id = ANY (:rows))
""")
NUMBERS = text("SELECT id, number FROM vessels WHERE id = ANY (:ids)")
FORGET = text("SELECT forget_subjects(:type, :ids)")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def with_merged(client: Client) -> list[uuid.UUID]:
    """The client and everybody who was merged into it."""
    return list(db.session.scalars(WITH_MERGED, {"client": client.id}))


def erase(client: Client, *, reason: str, by: Actor) -> bool:
    """Erase the (locked) client and all who were merged into it; False when that is done already. What lies in the
    storage, words of the search and mails on their way are left to a job."""
    if client.is_erased:
        return False
    ids = with_merged(client)
    found = select(Client).where(Client.id.in_(ids)).order_by(Client.id).with_for_update()
    clients = db.session.scalars(found.execution_options(populate_existing=True)).all()
    keeping, mailed = kept(ids), pages(ids)
    _tell_others(ids, by=by)
    vessels = _take_away(ids, {one.table: list(one.ids) for one in keeping}, port_id=client.port_id, by=by)
    for one in clients:
        _empty(one)
    db.session.flush()
    _forget("client", ids, port_id=client.port_id)
    for one in clients:
        went = (list(vessels.items()), mailed) if one.id == client.id else ([], [])
        _tell(one, by=by, reason=reason, staying=[what.label for what in keeping], went=went)
    return True


def _tell(client: Client, *, by: Actor, reason: str, staying: list[str], went: tuple[list[Any], list[str]]) -> None:
    """Under a new key of the client. `went`: vessels with their numbers, and the pages that mails lead to."""
    vessels, mailed = went
    client.record("erased", by=by, reason=reason, kept=staying, vessels=vessels, pages=mailed)


def _tell_others(ids: Sequence[uuid.UUID], *, by: Actor) -> None:
    """In the timelines of those who were related to them, without a name."""
    for row in db.session.execute(OTHERS, {"clients": list(ids)}).all():
        nameless = _("(erased)")
        person, other = (row.full_name, nameless) if row.is_of else (nameless, row.full_name)
        record(
            "client:relationshipRemoved",
            by=by,
            subject_type=Client.subject_type,
            subject_id=row.other_id,
            port_id=row.port_id,
            relationship_id=row.id,
            kind=row.kind,
            person=person,
            other=other,
        )


def _take_away(
    ids: Sequence[uuid.UUID], staying: dict[str, list[uuid.UUID]], *, port_id: uuid.UUID, by: Actor
) -> dict[uuid.UUID, int]:
    """Everything that is held about them, but for what stays; gives the vessels that went, with their numbers."""
    own = {one.table: one.ids(ids, locks=True) for one in HOLDINGS if one.erased not in (FOLLOWS, STAYS)}
    gone = {table: _without(found, staying.get(table, ())) for table, found in own.items()}
    vessels = db.session.execute(NUMBERS, {"ids": gone["vessels"]}).all()
    place = {"files": gone["files"], "rows": gone["import_rows"], "clients": list(ids)}
    LooseKey.note(db.session.scalars(CONTENT, place).all(), port_id=port_id, since=LONG_AGO)
    db.session.execute(SAMPLES, place)
    db.session.execute(PASSING, {**place, "long_ago": LONG_AGO})
    Export.take_all_away(by=by)
    # What refers to others was told of after them.
    for one in reversed(HOLDINGS):
        if found := gone.get(one.table):
            one.erase(found)
            if one.subject:
                _forget(one.subject, found, port_id=port_id)
    db.session.expire_all()
    return {row.id: row.number for row in vessels}


def _without(found: Iterable[uuid.UUID], staying: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    kept_ids = set(staying)
    return [one for one in found if one not in kept_ids]


def _empty(client: Client) -> None:
    """The row that stays: a number, and that it was erased."""
    client.full_name = _("Erased client %(number)s", number=client.number)
    client.sort_name = sort_name(client.full_name)
    nothing = ("company_name", "preferred_name", "nationality", "tax_number")
    for name in (*nothing, "street", "postcode", "town", "region", "country"):
        setattr(client, name, "")
    client.languages, client.marketing_consent_at = [], None
    client.source, client.status = ClientSource.OTHER, ClientStatus.FORMER
    client.erased_at = now()
    client.archived_at = client.archived_at or client.erased_at


def _forget(subject_type: str, ids: Sequence[uuid.UUID], *, port_id: uuid.UUID) -> None:
    """The keys of the records, and what colleagues were told of them."""
    if ids:
        told: Any = db.session.scalar(FORGET, {"type": subject_type, "ids": list(ids)})
        for user_id in told:
            after_commit(partial(ring, user_id, port_id))
