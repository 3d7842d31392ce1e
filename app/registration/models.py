"""Registration: what somebody sent from the public page, and what was made of it."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Select,
    String,
    Text,
    UniqueConstraint,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column, relationship
from uuid_utils.compat import uuid7

from ..berths.models import Tenure
from ..clients.models import Client, ClientSource, ClientStatus, Contact, ContactKind, Duplicate
from ..clients.models.contact import read_value
from ..current import CurrentPort, Member
from ..db import Base, PortScoped, Timestamped, Versioned, db, now
from ..events.models import Actor, Of, Recorded, System, keyring, record, user_id_of
from ..interests.models import Interest
from ..mail.models import Mail, Unaddressable
from ..numbers import take_number
from ..sorting import sort_name
from ..vessels.models import Vessel

# What somebody looks for, as the tenure of a berth.
TENURES = {
    "annual": Tenure.ANNUAL,
    "seasonal": Tenure.SEASONAL,
    "visit": Tenure.VISITOR,
    "purchase": Tenure.FREEHOLD,
}
ONE_MAIL_IN = timedelta(days=1)
MOST_ALIKE = 5


class RegistrationStatus(StrEnum):
    RECEIVED = "received"  # sealed, a job is going to look at it
    NEW = "new"
    ACCEPTED = "accepted"
    SPAM = "spam"


class Received(StrEnum):
    """What became of what was sent."""

    RECEIVED = "received"
    AGAIN = "again"
    CLOSED = "closed"
    FULL = "full"


class Applicant(System):
    """Nobody who signed in: whoever filled in the page."""

    name = "Public registration"


RECEIVE = text("SELECT receive_registration(:id, :key, :sealed, :now)")


def place_of(registration_id: uuid.UUID) -> str:
    return f"registrations:{registration_id}"


class Registration(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: receive, take_in, accept, mark_as_spam.

    The page can do no more than have a sealed row written; a job makes a client, their vessel and an interest of it.
    """

    __tablename__ = "registrations"
    subject_type = "registration"

    number: Mapped[int | None]
    once_key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    status: Mapped[str] = mapped_column(String(10))
    client_id: Mapped[uuid.UUID | None]
    vessel_id: Mapped[uuid.UUID | None]
    interest_id: Mapped[uuid.UUID | None]
    kind: Mapped[str] = mapped_column(String(20), default="")
    wanted_from: Mapped[date | None]
    wanted_until: Mapped[date | None]
    message: Mapped[str] = mapped_column(Text, default="")
    address_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    mailed_at: Mapped[datetime | None]
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    decided_at: Mapped[datetime | None]

    client: Mapped[Client | None] = relationship(lazy="raise", viewonly=True)
    vessel: Mapped[Vessel | None] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        UniqueConstraint("port_id", "once_key"),
        ForeignKeyConstraint(
            ["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="SET NULL (client_id)"
        ),
        ForeignKeyConstraint(
            ["port_id", "vessel_id"], ["vessels.port_id", "vessels.id"], ondelete="SET NULL (vessel_id)"
        ),
        ForeignKeyConstraint(
            ["port_id", "interest_id"], ["interests.port_id", "interests.id"], ondelete="SET NULL (interest_id)"
        ),
        Index("ix_registrations_interest", "port_id", "interest_id"),
        Index("ix_registrations_client", "port_id", "client_id"),
        Index("ix_registrations_vessel", "port_id", "vessel_id"),
        Index("ix_registrations_created_at", "port_id", "created_at", "id"),
        Index("ix_registrations_address", "port_id", "address_hash", "mailed_at"),
    )

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """Those that were taken in."""
        taken_in = cls.status != RegistrationStatus.RECEIVED
        return select(cls).where(cls.port_id == member.here().id, taken_in)

    @classmethod
    def receive(cls, words: Mapping[str, Any], *, key: bytes) -> Received:
        """Have it written for the port in force, once for a key. For who is nobody: nothing else is seen or written."""
        from .jobs import take_in_registration

        registration_id = uuid7()
        sealed = keyring().seal(json.dumps(words).encode(), place=place_of(registration_id))
        sent = {"id": registration_id, "key": key, "sealed": sealed, "now": now()}
        answer = Received(str(db.session.scalar(RECEIVE, sent)))
        if answer == Received.RECEIVED:
            take_in_registration.later(registration_id=registration_id)
        return answer

    def take_in(self, *, port: CurrentPort) -> bool:
        """Make a client of it and their interest, with source website. False when that was done. Whoever is here
        already is not changed: the two are laid side by side for review."""
        if self.sealed is None:
            return False
        words = json.loads(keyring().open(self.sealed, place=place_of(self.id)))
        by = Applicant()
        client = self._make_client(words, port=port, by=by)
        vessel = self._make_vessel(client, words, by=by)
        self.client_id, self.vessel_id = client.id, vessel.id if vessel else None
        self.number, self.sealed, self.status = take_number(self.port_id, "registration"), None, RegistrationStatus.NEW
        self.kind, self.message = words["kind"], words["message"]
        self.wanted_from, self.wanted_until = (
            date.fromisoformat(words[name]) if words[name] else None for name in ("wanted_from", "wanted_until")
        )
        db.session.flush()
        interest = self._make_interest(client, by=by)
        self.interest_id = interest.id
        note_alike(client, words, country=port.country, by=by)
        name = Of("client", client.id, client.full_name)
        record(
            "registration:new",
            by=by,
            subject_type=self.subject_type,
            subject_id=self.id,
            port_id=self.port_id,
            is_new=True,
            told_in=[("client", client.id)],
            client_id=str(client.id),
            interest_id=str(interest.id),
            client_name=name,
        )
        self._confirm(words["email"], words["language"])
        return True

    def accept(self, *, by: Actor) -> bool:
        """Somebody looked at it and it is meant. False when it stands so."""
        return self._decide("accepted", RegistrationStatus.ACCEPTED, by=by)

    def mark_as_spam(self, *, by: Actor) -> bool:
        """It is not meant, and the client that was made of it is put away, unless somebody looks after them by now.
        False when it stands so."""
        if not self._decide("markedAsSpam", RegistrationStatus.SPAM, by=by):
            return False
        client = db.session.get(Client, self.client_id) if self.client_id else None
        if client is not None and client.status == ClientStatus.PROSPECT and client.owner_id is None:
            client.archive(by=by)
            if interest := self._interest():
                interest.archive(by=by)
        return True

    def _decide(self, happened: str, status: RegistrationStatus, *, by: Actor) -> bool:
        if self.status == status:
            return False
        was_spam = self.status == RegistrationStatus.SPAM
        self.status, self.decided_at, self.decided_by_id = status, now(), user_id_of(by)
        client = db.session.get(Client, self.client_id) if self.client_id else None
        if was_spam and client is not None:
            client.restore(by=by)
            if interest := self._interest():
                interest.restore(by=by)
        name = Of("client", client.id, client.full_name) if client else ""
        self.record(happened, by=by, client_name=name, told_in=[("client", client.id)] if client else [])
        return True

    def _make_client(self, words: Mapping[str, Any], *, port: CurrentPort, by: Actor) -> Client:
        fields = {
            "full_name": words["name"],
            "source": ClientSource.WEBSITE,
            "status": ClientStatus.PROSPECT,
            "marketing_consent": bool(words["marketing"]),
        }
        client = Client.create(fields, port_id=self.port_id, by=by)
        for kind, name in ((ContactKind.EMAIL, "email"), (ContactKind.PHONE, "phone")):
            if words[name]:
                value = {"kind": kind, "value": words[name]}
                Contact.create(client, value, country=port.country, by=by, announce=False, is_new=True)
        return client

    def _make_vessel(self, client: Client, words: Mapping[str, Any], *, by: Actor) -> Vessel | None:
        sizes = {name: Decimal(words[name]) for name in ("loa", "beam", "draft") if words[name]}
        if not (words["vessel"] or sizes):
            return None
        name = words["vessel"] or _("Boat of %(name)s", name=client.full_name)[:120]
        declared = {f"{size}_declared": value for size, value in sizes.items()}
        return Vessel.create(client, {"name": name, **declared}, by=by)

    def _make_interest(self, client: Client, *, by: Actor) -> Interest:
        wanted = {"wanted_from": self.wanted_from, "wanted_until": self.wanted_until, "tenure": TENURES.get(self.kind)}
        return Interest.register(client, {"vessel_id": self.vessel_id, "notes": self.message, **wanted}, by=by)

    def _interest(self) -> Interest | None:
        return db.session.get(Interest, self.interest_id) if self.interest_id else None

    def _confirm(self, address: str, language: str) -> None:
        """A mail that says it arrived, with no word of what was typed; one to an address in a day, so nobody is
        pestered through this page."""
        self.address_hash = hashed(address)
        since = now() - ONE_MAIL_IN
        own = (Registration.port_id == self.port_id, Registration.address_hash == self.address_hash)
        if db.session.scalar(select(func.count()).where(*own, Registration.mailed_at > since)):
            return
        try:
            Mail.send(to=address, template="registration", port_id=self.port_id, locale=language)
        except Unaddressable:
            return
        self.mailed_at = now()


def hashed(address: str) -> bytes:
    key = str(current_app.secret_key).encode()
    return hmac.new(key, address.strip().lower().encode(), hashlib.sha256).digest()


def note_alike(client: Client, words: Mapping[str, Any], *, country: str, by: Actor) -> None:
    """Lay who shares an address, a number or the name beside the new client, for review."""
    kinds = {ContactKind.EMAIL: words["email"], ContactKind.PHONE: words["phone"]}
    reach = {read_value(kind, value, country=country)[1]: kind for kind, value in kinds.items() if value}
    shared = (Contact.client_id == Client.id, Contact.archived_at.is_(None), Contact.normalised.in_(reach))
    contact = select(Contact.normalised).where(*shared).limit(1).correlate(Client).scalar_subquery()
    others = (Client.port_id == client.port_id, Client.id != client.id, Client.archived_at.is_(None))
    found = select(Client.id, contact.label("reach")).where(
        *others, or_(contact.is_not(None), Client.sort_name == sort_name(client.full_name))
    )
    for row in db.session.execute(found.limit(MOST_ALIKE)):
        reason = str(reach.get(row.reach, "name"))
        _lay_beside(client, row.id, score=90 if row.reach else 60, reason=reason, by=by)


def _lay_beside(registered: Client, other_id: uuid.UUID, *, score: int, reason: str, by: Actor) -> None:
    a_id, b_id = sorted((registered.id, other_id))
    pair = {
        "id": uuid7(),
        "port_id": registered.port_id,
        "a_id": a_id,
        "b_id": b_id,
        "score": score,
        "reasons": [reason],
    }
    moments = {"created_at": now(), "updated_at": now(), "state": "open"}
    written = insert(Duplicate).values(**pair, **moments).on_conflict_do_nothing().returning(Duplicate.id)
    if db.session.scalar(written):
        client = db.session.get_one(Client, a_id)
        client.record("duplicateDetected", by=by, a=str(a_id), b=str(b_id), score=score, reason=reason)
