"""Contact: one way to reach a client."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from sqlalchemy import Boolean, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...events.models import Actor, record
from .client import Client


class ContactKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    WHATSAPP = "whatsapp"
    ADDRESS = "address"


class Unfit(ValueError):
    """A contact cannot be as it was typed. The text says why, in words for the page; `field` is where it belongs."""

    def __init__(self, text: str, field: str = "value") -> None:
        super().__init__(text)
        self.field = field


# What spreadsheets make of a long number.
SCIENTIFIC = re.compile(r"[\d.,]+E\+?\d+", re.IGNORECASE)


def read_value(kind: str, value: str, *, country: str) -> tuple[str, str]:
    """A contact as people see it, and the form it is compared in: an e-mail address in lower case, a phone or WhatsApp
    number as E.164 (`country`, ISO 3166 two letters, reads national spellings). Raises Unfit."""
    value = " ".join(value.split())
    if not value:
        raise Unfit(_("Type the e-mail address, number or address."))
    if kind == ContactKind.EMAIL:
        return value, _email(value)
    if kind in (ContactKind.PHONE, ContactKind.WHATSAPP):
        return _phone(value, country)
    return value, value.casefold()


def _email(value: str) -> str:
    if "@" not in value:
        raise Unfit(_("An e-mail address has an @, such as name@example.com."))
    if value.endswith("@") or "." not in value.rpartition("@")[2].strip("."):
        raise Unfit(_("Add what comes after the @, such as name@example.com."))
    try:
        checked = validate_email(value, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise Unfit(
            _("This is not one e-mail address. Look for spaces, commas and missing letters; it reads name@example.com.")
        ) from error
    return checked.normalized.lower()


def _phone(value: str, country: str) -> tuple[str, str]:
    """A number is kept in the international spelling with its extension, so that it reads the same when the client
    moves to another country."""
    if SCIENTIFIC.fullmatch(value):
        raise Unfit(_("A spreadsheet has shortened this number. Format its column as text and type it again."))
    try:
        number = phonenumbers.parse("+" + value[2:] if value.startswith("00") else value, country)
    except phonenumbers.NumberParseException as error:
        raise Unfit(_("This is not one phone number. Write it as +44 20 7946 0991.")) from error
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        raise Unfit(_("The area code is missing. Write the number as +44 20 7946 0991."))
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise Unfit(_("This phone number has too few or too many digits. Write it as +44 20 7946 0991."))
    formats = phonenumbers.PhoneNumberFormat
    return (
        phonenumbers.format_number(number, formats.INTERNATIONAL),
        phonenumbers.format_number(number, formats.E164),
    )


class Contact(Timestamped, Versioned, PortScoped, Base):
    """An e-mail address, phone or WhatsApp number or postal address of a client; one of a kind is primary."""

    __tablename__ = "client_contacts"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        Index(
            "uq_client_contacts_primary",
            "client_id",
            "kind",
            unique=True,
            postgresql_where="is_primary AND archived_at IS NULL",
        ),
        Index(
            "uq_client_contacts_value",
            "client_id",
            "kind",
            "normalised",
            unique=True,
            postgresql_where="archived_at IS NULL",
        ),
        Index("ix_client_contacts_normalised", "port_id", "normalised", postgresql_where="archived_at IS NULL"),
        Index("ix_client_contacts_port_id_client_id", "port_id", "client_id"),
        # By these search_clients() finds what begins or ends so.
        Index(
            "ix_client_contacts_reach",
            "port_id",
            "normalised",
            postgresql_ops={"normalised": "text_pattern_ops"},
            postgresql_where="archived_at IS NULL",
        ),
    )

    client_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(String(10))
    value: Mapped[str] = mapped_column(String(320))
    normalised: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(String(60), default="")
    is_primary: Mapped[bool] = mapped_column(Boolean, default=False)
    archived_at: Mapped[datetime | None]

    client: Mapped[Client] = relationship(back_populates="contacts", lazy="raise")

    EDITABLE = ("value", "label", "is_primary")

    @property
    def display(self) -> str:
        return self.value

    @classmethod
    def create(
        cls,
        client: Client,
        fields: Mapping[str, Any],
        *,
        country: str,
        by: Actor,
        announce: bool = True,
        is_new: bool = False,
    ) -> Self:
        """Add a way to reach the (locked) client; the first of its kind is primary. Raises Unfit.

        `is_new`: the client was made in this transaction and nothing of this kind stands there, or `is_primary` is
        given.
        """
        contact = cls(port_id=client.port_id, client_id=client.id, kind=fields["kind"], label=fields.get("label", ""))
        others = [] if is_new else contact._others()
        contact._take(fields["value"], others, country=country)
        contact.is_primary = bool(fields.get("is_primary", is_new)) or not (is_new or others)
        if contact.is_primary:
            _make_way(others)
        db.session.add(contact)
        db.session.flush()
        if not is_new:
            client.updated_at = now()
        changes = {contact.kind: (None, contact.value)}
        contact._record("created", client, by=by, changes=changes, announce=announce, kind=contact.kind)
        return contact

    def update(
        self,
        client: Client,
        fields: Mapping[str, Any],
        *,
        country: str,
        by: Actor,
        reverting: uuid.UUID | None = None,
    ) -> bool:
        """Write what differs; False when nothing does. `reverting`: the event that this takes back. Raises Unfit."""
        before = {name: getattr(self, name) for name in self.EDITABLE}
        others = self._others()
        if "value" in fields:
            self._take(fields["value"], others, country=country)
        self.label = fields.get("label", self.label)
        if bool(fields.get("is_primary", self.is_primary)) != self.is_primary:
            self._turn(others)
        after = {name: getattr(self, name) for name in self.EDITABLE}
        changes = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
        if not changes:
            return False
        client.updated_at = now()
        names = sorted(changes)
        if reverting is None:
            self._record("updated", client, by=by, changes=changes, changed_fields=names)
        else:
            self._record("reverted", client, by=by, changes=changes, event_id=reverting, changed_fields=names)
        return True

    def archive(self, client: Client, *, by: Actor) -> None:
        """Remove from the client; the next of its kind becomes primary."""
        if self.archived_at is not None:
            return
        others = self._others()
        self.archived_at = client.updated_at = now()
        db.session.flush()
        if self.is_primary and others:
            others[0].is_primary = True
        self._record("archived", client, by=by, changes={self.kind: (self.value, None)}, kind=self.kind)

    def restore(self, client: Client, *, by: Actor) -> None:
        """Put back; nothing happens when it stands there, or was added anew meanwhile."""
        others = self._others()
        if self.archived_at is None or any(other.normalised == self.normalised for other in others):
            return
        self.archived_at = None
        self.is_primary = not others
        client.updated_at = now()
        self._record("restored", client, by=by, changes={self.kind: (None, self.value)}, kind=self.kind)

    def _others(self) -> list[Contact]:
        """What else of this kind the client has, the oldest first."""
        return list(
            db.session.scalars(
                select(Contact)
                .where(
                    Contact.client_id == self.client_id,
                    Contact.kind == self.kind,
                    Contact.archived_at.is_(None),
                    Contact.id != self.id,
                )
                .order_by(Contact.id)
            )
        )

    def _take(self, value: str, others: Sequence[Contact], *, country: str) -> None:
        shown, normalised = read_value(self.kind, value, country=country)
        if any(other.normalised == normalised for other in others):
            raise Unfit(_("This client already has it."))
        self.value, self.normalised = shown, normalised

    def _turn(self, others: Sequence[Contact]) -> None:
        """Become the one that is used first, or leave that to the next."""
        if not self.is_primary:
            _make_way(others)
            self.is_primary = True
        elif not others:
            raise Unfit(_("It is the only one of its kind, so it is used first."), "is_primary")
        else:
            self.is_primary = False
            db.session.flush()
            others[0].is_primary = True

    def _record(self, happened: str, client: Client, *, by: Actor, announce: bool = True, **details: Any) -> None:
        """Contacts have no page of their own: what happens to them is told in the client's timeline."""
        db.session.flush()
        record(
            f"contact:{happened}",
            by=by,
            subject_type=Client.subject_type,
            subject_id=client.id,
            port_id=client.port_id,
            announce=announce,
            contact_id=self.id,
            **details,
        )


def _make_way(others: Sequence[Contact]) -> None:
    """None of them stays primary; written at once, or the unique index would refuse the new one."""
    for other in others:
        other.is_primary = False
    db.session.flush()
