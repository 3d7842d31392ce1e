"""Event, the key of its subject, and the outbox that carries it to the relay."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, ClassVar, Protocol, Self

from flask import current_app, g, has_request_context, request
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ..crypto import Keyring, Unreadable, new_key, open_sealed, seal
from ..db import Base, db, now, wake_relay
from .enclosed import Of, Subject, read, subjects_in, written
from .registry import EVENTS


class Actor(Protocol):
    """Who acts: a member, a client in the portal, or the system."""

    @property
    def actor_kind(self) -> str: ...
    @property
    def actor_id(self) -> uuid.UUID | None: ...
    @property
    def name(self) -> str: ...


def user_id_of(by: Actor | None) -> uuid.UUID | None:
    """The person who acts; None for the system and for clients."""
    return by.actor_id if by is not None and by.actor_kind == "user" else None


class System:
    """The actor of what nobody clicked: jobs, schedules, the console."""

    actor_kind = "system"
    actor_id = None
    name = "Quayside"


class SubjectKey(Base):
    """The key under which everything recorded about one subject is kept. Deleting the row erases the words of its
    events and leaves the events."""

    __tablename__ = "subject_keys"

    subject_type: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    port_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"), index=True)
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)


class Event(Base):
    """One change by one actor, append-only. Ids and changed field names are in clear, values are sealed.

    `signature` is over the whole row (seals.py). A trigger notes each new row in `unsealed_events`.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_subject", "subject_type", "subject_id", "id"),
        Index("ix_events_port_id_id", "port_id", "id"),
        Index("ix_events_port_id_name_id", "port_id", "name", "id", postgresql_include=["changed_fields"]),
        Index("ix_events_actor_id_id", "actor_id", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    port_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(60))
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[uuid.UUID]
    actor_kind: Mapped[str] = mapped_column(String(10))
    actor_id: Mapped[uuid.UUID | None]
    changed_fields: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    request_id: Mapped[str | None] = mapped_column(String(64))
    occurred_at: Mapped[datetime] = mapped_column(default=now)
    signature: Mapped[bytes] = mapped_column(LargeBinary)

    def opened(self, key: bytes) -> dict[str, Any]:
        """{"changes": {field: [old, new]}, "details": {…}, "actor": name, "ip", "user_agent"}. Raises Unreadable."""
        text = open_sealed(key, self.sealed, place=f"events:{self.id}").decode()
        return read(text, self.id, _kept_keys(subjects_in(text)))


class EventMention(Base):
    """An event that is told in the timeline of another record as well: of the client whose vessel it is about."""

    __tablename__ = "event_mentions"
    __table_args__ = (
        Index("ix_event_mentions_event_id", "event_id"),
        Index("ix_event_mentions_port_id", "port_id"),
    )

    subject_type: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    port_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))


class Outbox(Base):
    """What the relay has still to do: react to an event, or send a job to its queue. Gone when done.

    Rows of one subject leave in the order of their ids. `set_aside_at`: failed ten times, no longer in the way.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_subject_id", "subject", "id", postgresql_where="set_aside_at IS NULL"),
        Index("ix_outbox_port_id", "port_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    port_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ports.id", ondelete="RESTRICT"))
    subject: Mapped[str] = mapped_column(String(120))
    event_id: Mapped[uuid.UUID | None]
    job_id: Mapped[uuid.UUID | None]
    request_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    retry_at: Mapped[datetime | None]
    set_aside_at: Mapped[datetime | None]


# Into the tables rather than the models, and made once: every change in Quayside goes through them.
INSERT_KEY = (
    insert(Base.metadata.tables["subject_keys"])
    .on_conflict_do_nothing()
    .returning(Base.metadata.tables["subject_keys"].c.subject_id)
)
INSERT_EVENT = insert(Base.metadata.tables["events"])
INSERT_OUTBOX = insert(Base.metadata.tables["outbox"]).inline()
INSERT_MENTION = insert(Base.metadata.tables["event_mentions"]).on_conflict_do_nothing()


def message_of(row: Any) -> bytes:
    """Everything an event's row holds besides its signature, in one unmistakable way."""
    clear = [
        str(row.id),
        str(row.port_id or ""),
        row.name,
        row.subject_type,
        str(row.subject_id),
        row.actor_kind,
        str(row.actor_id or ""),
        list(row.changed_fields),
        row.request_id,
        row.occurred_at.astimezone(UTC).isoformat(),
    ]
    return json.dumps(clear, separators=(",", ":")).encode() + b"\x00" + bytes(row.sealed)


def keyring() -> Keyring:
    ring: Keyring = current_app.extensions["keyring"]
    return ring


def place_of_key(subject_type: str, subject_id: uuid.UUID) -> str:
    return f"subject_keys:{subject_type}:{subject_id}"


def subject_key(subject_type: str, subject_id: uuid.UUID, *, port_id: uuid.UUID | None, is_new: bool = False) -> bytes:
    """The subject's key, made at its first event. Two first events at once agree on one key.

    `is_new` skips the look-up for a subject made in this very transaction. Raises LookupError when there is a key
    that the unit of work may not see.
    """
    kept = None if is_new else _kept_key(subject_type, subject_id)
    if kept is not None:
        return kept
    key = new_key()
    inserted = db.session.execute(
        INSERT_KEY,
        {
            "subject_type": subject_type,
            "subject_id": subject_id,
            "port_id": port_id,
            "sealed_key": keyring().seal(key, place=place_of_key(subject_type, subject_id)),
        },
    ).first()
    if inserted:
        return key
    kept = _kept_key(subject_type, subject_id)  # somebody else's first event came first
    if kept is None:
        raise LookupError(f"the key of {subject_type} {subject_id} is out of sight")
    return kept


def _kept_keys(subjects: Collection[Subject]) -> dict[Subject, bytes]:
    if not subjects:
        return {}
    kept = select(SubjectKey.subject_type, SubjectKey.subject_id, SubjectKey.sealed_key)
    named = tuple_(SubjectKey.subject_type, SubjectKey.subject_id)
    found = db.session.execute(kept.where(named.in_(list(subjects))))
    return {(kind, one): keyring().open(sealed, place=place_of_key(kind, one)) for kind, one, sealed in found}


def open_events(rows: Iterable[tuple[uuid.UUID, bytes, bytes | None]]) -> list[dict[str, Any] | None]:
    """The words of events, each given as its id, what is sealed, and its key; None for what was erased. What is about
    others in them takes one statement more."""
    texts: list[tuple[uuid.UUID, str | None]] = []
    for event_id, sealed, key in rows:
        try:
            text = open_sealed(key, sealed, place=f"events:{event_id}").decode() if key else None
        except Unreadable:
            text = None
        texts.append((event_id, text))
    keys = _kept_keys({one for _id, text in texts if text for one in subjects_in(text)})
    return [read(text, event_id, keys) if text is not None else None for event_id, text in texts]


def _kept_key(subject_type: str, subject_id: uuid.UUID) -> bytes | None:
    kept = db.session.scalar(
        select(SubjectKey.sealed_key).where(
            SubjectKey.subject_type == subject_type, SubjectKey.subject_id == subject_id
        )
    )
    return keyring().open(kept, place=place_of_key(subject_type, subject_id)) if kept is not None else None


@dataclass(frozen=True)
class Happening:
    """What one event says. `told_in`: other records of the port, as (type, id), in whose timelines it stands too.

    Raises KeyError for a name that is not in the registry, TypeError for a payload that lacks a field."""

    name: str
    subject_id: uuid.UUID
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    id: uuid.UUID = field(default_factory=uuid7)
    told_in: Collection[tuple[str, uuid.UUID]] = ()

    def __post_init__(self) -> None:
        if missing := set(EVENTS[self.name]) - set(self.details) - {"changed_fields"}:
            raise TypeError(f"{self.name} lacks {', '.join(sorted(missing))}")

    def mentions(self, port_id: uuid.UUID | None) -> list[dict[str, Any]]:
        about = {"event_id": self.id, "port_id": port_id}
        return [{"subject_type": kind, "subject_id": other, **about} for kind, other in self.told_in]


def row_of(
    happening: Happening,
    *,
    subject_type: str,
    port_id: uuid.UUID | None,
    by: Actor,
    key: bytes,
    others: Mapping[Subject, bytes] | None = None,
) -> dict[str, Any]:
    """The event's row, sealed with the key of its subject and signed. `others`: keys of whose words stand in it."""
    words: dict[str, Any] = {"changes": happening.changes, "details": happening.details, "actor": by.name}
    if has_request_context():
        words |= {"ip": request.remote_addr, "user_agent": request.user_agent.string[:300]}
    plain = written(
        words, happening.id, lambda other: (others or {}).get(other) or subject_key(*other, port_id=port_id)
    )
    row = {
        "id": happening.id,
        "port_id": port_id,
        "name": happening.name,
        "subject_type": subject_type,
        "subject_id": happening.subject_id,
        "actor_kind": by.actor_kind,
        "actor_id": by.actor_id,
        "changed_fields": sorted(happening.changes),
        "sealed": seal(key, plain, place=f"events:{happening.id}"),
        "request_id": g.get("request_id"),
        "occurred_at": now(),
    }
    row["signature"] = keyring().sign(message_of(SimpleNamespace(**row)))
    return row


def record(
    event_name: str,
    /,
    *,
    by: Actor,
    subject_type: str,
    subject_id: uuid.UUID,
    port_id: uuid.UUID | None,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    is_new: bool = False,
    announce: bool = True,
    told_in: Collection[tuple[str, uuid.UUID]] = (),
    **details: Any,
) -> uuid.UUID:
    """Write one event and its outbox row in the current transaction; returns the event's id.

    `announce=False` leaves the outbox row out: the event is one of many of a bulk act, which announces itself once.

    `told_in`: other records of the port, as (type, id), in whose timelines it stands too.

    `changes` maps each field to (old, new) as JSON values, words of another record as `Of`; `details` has the payload
    fields of the registry. Credentials and tokens must never be passed. Raises KeyError for a name that is not in the
    registry.
    """
    happening = Happening(event_name, subject_id, changes or {}, details, told_in=told_in)
    # Users and roles are the same in every port, and so are their keys.
    key_port_id = None if subject_type in ("user", "role") else port_id
    key = subject_key(subject_type, subject_id, port_id=key_port_id, is_new=is_new)
    row = row_of(happening, subject_type=subject_type, port_id=port_id, by=by, key=key)
    db.session.execute(INSERT_EVENT, row)
    if told_in:
        db.session.execute(INSERT_MENTION, happening.mentions(port_id))
    if not announce:
        return happening.id
    db.session.execute(
        INSERT_OUTBOX,
        {
            "port_id": port_id,
            "subject": f"{subject_type}:{subject_id}",
            "event_id": happening.id,
            "request_id": row["request_id"],
            "created_at": row["occurred_at"],
            "attempts": 0,
        },
    )
    wake_relay()
    return happening.id


class Recorded:
    """A model whose verbs record events. `subject_type` is the event family unless the class says otherwise."""

    subject_type: ClassVar[str]
    EDITABLE: ClassVar[tuple[str, ...]] = ()
    id: Mapped[uuid.UUID]
    port_id: Mapped[uuid.UUID]

    def differing(self, fields: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Field → (old, new), for those that may be edited and are other than they stand here."""
        given = {name: (getattr(self, name), fields[name]) for name in self.EDITABLE if name in fields}
        return {name: (old, new) for name, (old, new) in given.items() if old != new}

    def record(
        self,
        happened: str,
        /,
        *,
        by: Actor,
        changes: Mapping[str, tuple[Any, Any]] | None = None,
        is_new: bool = False,
        announce: bool = True,
        told_in: Collection[tuple[str, uuid.UUID]] = (),
        **details: Any,
    ) -> None:
        """Record `family:happened` about this record, after writing what is pending."""
        db.session.flush()
        record(
            f"{self.subject_type}:{happened}",
            by=by,
            subject_type=self.subject_type,
            subject_id=self.id,
            port_id=self.port_id,
            changes=changes,
            is_new=is_new,
            announce=announce,
            told_in=told_in,
            **details,
        )

    @classmethod
    def of(cls, event: Event) -> Self | None:
        """The record an event is about, as it is now; None when it is gone."""
        return db.session.get(cls, event.subject_id)


__all__ = [
    "Actor",
    "Event",
    "EventMention",
    "Happening",
    "Of",
    "Outbox",
    "Recorded",
    "SubjectKey",
    "System",
    "Unreadable",
    "open_events",
    "record",
    "subject_key",
]
