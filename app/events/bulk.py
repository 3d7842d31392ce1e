"""The events of a bulk act: one for each record, written by one statement, none of them announced.

The act announces itself once, by an event of its own (live-and-jobs: one refresh, not a hundred thousand).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask import g
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from uuid_utils.compat import uuid7

from ..bulk import insert_many
from ..crypto import new_key, seal
from ..db import db, now
from ..identity.models import User
from .models import Actor, Event, EventMention, SubjectKey, keyring, message_of, place_of_key
from .registry import EVENTS


@dataclass(frozen=True)
class Happening:
    """What `record()` takes for one event. `told_in`: other records in whose timelines it stands too."""

    name: str
    subject_id: uuid.UUID
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    id: uuid.UUID = field(default_factory=uuid7)
    told_in: Sequence[tuple[str, uuid.UUID]] = ()


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
) -> None:
    """Write the events in their order. Raises KeyError for a name that is not in the registry, TypeError for a payload
    that lacks a field."""
    ring, moment, request_id = keyring(), now(), g.get("request_id")
    rows = []
    for one in happenings:
        if missing := set(EVENTS[one.name]) - set(one.details) - {"changed_fields"}:
            raise TypeError(f"{one.name} lacks {', '.join(sorted(missing))}")
        words = {"changes": one.changes, "details": one.details, "actor": by.name}
        row = {
            "id": one.id,
            "port_id": port_id,
            "name": one.name,
            "subject_type": subject_type,
            "subject_id": one.subject_id,
            "actor_kind": by.actor_kind,
            "actor_id": by.actor_id,
            "changed_fields": sorted(one.changes),
            "sealed": seal(keys[one.subject_id], json.dumps(words, default=str).encode(), place=f"events:{one.id}"),
            "request_id": request_id,
            "occurred_at": moment,
        }
        row["signature"] = ring.sign(message_of(SimpleNamespace(**row)))
        rows.append(row)
    insert_many(Event, rows)
    insert_many(
        EventMention,
        [
            {"subject_type": kind, "subject_id": other, "event_id": one.id, "port_id": port_id}
            for one in happenings
            for kind, other in one.told_in
        ],
        ends="ON CONFLICT DO NOTHING RETURNING event_id",
    )


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
