"""The events of a bulk act: one for each record, written by one statement, none of them announced.

The act announces itself once, by an event of its own (live-and-jobs: one refresh, not a hundred thousand).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from ..bulk import insert_many
from ..crypto import new_key
from ..db import db, now, wake_relay
from ..identity.models import User
from .enclosed import Subject
from .models import Actor, Event, EventMention, Happening, Outbox, SubjectKey, keyring, place_of_key, row_of


def subject_keys(
    subject_type: str, ids: Collection[uuid.UUID], *, port_id: uuid.UUID, are_new: bool = False
) -> dict[uuid.UUID, bytes]:
    """The keys of these subjects, made where there is none. `are_new`: all were made in this transaction."""
    keys = {} if are_new else kept_keys(subject_type, ids)
    made = {subject_id: new_key() for subject_id in ids if subject_id not in keys}
    rows = [
        {
            "subject_type": subject_type,
            "subject_id": subject_id,
            "port_id": port_id,
            "sealed_key": keyring().seal(key, place=place_of_key(subject_type, subject_id)),
        }
        for subject_id, key in made.items()
    ]
    written = insert_many(SubjectKey, rows, ends="ON CONFLICT DO NOTHING RETURNING subject_id")
    keys |= {row.subject_id: made[row.subject_id] for row in written}
    if others := set(made) - set(keys):  # somebody's first event came first
        keys |= kept_keys(subject_type, others)
    return keys


def kept_keys(subject_type: str, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    found = db.session.execute(
        select(SubjectKey.subject_id, SubjectKey.sealed_key).where(
            SubjectKey.subject_type == subject_type, SubjectKey.subject_id.in_(list(ids))
        )
    )
    ring = keyring()
    return {
        row.subject_id: ring.open(row.sealed_key, place=place_of_key(subject_type, row.subject_id)) for row in found
    }


def record_many(
    subject_type: str,
    happenings: Sequence[Happening],
    *,
    by: Actor,
    port_id: uuid.UUID,
    keys: Mapping[uuid.UUID, bytes],
    others: Mapping[Subject, bytes] | None = None,
) -> None:
    """Write the events in their order. `others`: the keys of those whose words stand in them (`Of`), which are else
    looked up one by one."""
    of: dict[str, Any] = {"subject_type": subject_type, "port_id": port_id, "by": by, "others": others}
    rows = [row_of(one, key=keys[one.subject_id], **of) for one in happenings]
    insert_many(Event, rows)
    mentions = [mention for one in happenings for mention in one.mentions(port_id)]
    insert_many(EventMention, mentions, ends="ON CONFLICT DO NOTHING RETURNING event_id")


def announce_many(
    subject_type: str,
    happenings: Sequence[Happening],
    *,
    by: Actor,
    port_id: uuid.UUID,
    keys: Mapping[uuid.UUID, bytes],
) -> None:
    """As `record_many`, each with its own row in the outbox: for what a person is to hear of one by one."""
    record_many(subject_type, happenings, by=by, port_id=port_id, keys=keys)
    rows = [
        {
            "port_id": port_id,
            "subject": f"{subject_type}:{one.subject_id}",
            "event_id": one.id,
            "created_at": now(),
            "attempts": 0,
        }
        for one in happenings
    ]
    insert_many(Outbox, rows)
    wake_relay()


def last_events(subject_type: str, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[uuid.UUID, str, datetime]]:
    """Of each record the last event: its id, who, and when."""
    latest = (
        select(Event.subject_id, Event.id, Event.actor_id, Event.occurred_at)
        .where(Event.subject_type == subject_type, Event.subject_id.in_(list(ids)))
        .ext(distinct_on(Event.subject_id))
        .order_by(Event.subject_id, Event.id.desc())
        .subquery()
    )
    rows = db.session.execute(select(latest, User.name).outerjoin(User, User.id == latest.c.actor_id))
    return {row.subject_id: (row.id, row.name or "Quayside", row.occurred_at) for row in rows}


__all__ = ["Happening", "announce_many", "kept_keys", "last_events", "record_many", "subject_keys"]
