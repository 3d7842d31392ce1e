"""Client: a person or a company."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    String,
    UniqueConstraint,
    false,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...errors import Refused
from ...events.models import Actor, Recorded, user_id_of
from ...fields.models import Customised, is_custom, told
from ...identity.models import User
from ...naming import meant_by
from ...numbers import has_number, take_number
from ...sorting import sort_name

if TYPE_CHECKING:
    from .contact import Contact
    from .note import Note


class ClientKind(StrEnum):
    PERSON = "person"
    COMPANY = "company"


class ClientStatus(StrEnum):
    PROSPECT = "prospect"
    ACTIVE = "active"
    FORMER = "former"


class ClientSource(StrEnum):
    WEBSITE = "website"
    MANUAL = "manual"
    REFERRAL = "referral"
    BROKER = "broker"
    EVENT = "event"
    OTHER = "other"


class Client(Customised, Recorded, Timestamped, Versioned, PortScoped, Base):
    """A person or company the marina deals with. Verbs: create, update, archive, restore."""

    __tablename__ = "clients"
    subject_type = "client"
    resource = "client"

    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10), default=ClientKind.PERSON)
    full_name: Mapped[str] = mapped_column(String(200))
    sort_name: Mapped[str] = mapped_column(String(200, collation="C"))
    company_name: Mapped[str] = mapped_column(String(200), default="")
    preferred_name: Mapped[str] = mapped_column(String(100), default="")
    nationality: Mapped[str] = mapped_column(String(2), default="")
    languages: Mapped[list[str]] = mapped_column(ARRAY(String(10)), default=list)
    source: Mapped[str] = mapped_column(String(20), default=ClientSource.MANUAL)
    status: Mapped[str] = mapped_column(String(20), default=ClientStatus.PROSPECT)
    tax_number: Mapped[str] = mapped_column(String(40), default="")
    street: Mapped[str] = mapped_column(String(200), default="")
    postcode: Mapped[str] = mapped_column(String(20), default="")
    town: Mapped[str] = mapped_column(String(100), default="")
    region: Mapped[str] = mapped_column(String(100), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    marketing_consent_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    # Its words are gone for good: a trigger keeps it so, and nothing is put beside it any more.
    erased_at: Mapped[datetime | None]
    # Who stands in its place: its number leads there.
    merged_into_id: Mapped[uuid.UUID | None]

    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id], viewonly=True, lazy="raise")
    contacts: Mapped[list[Contact]] = relationship(
        back_populates="client", lazy="raise", order_by="Contact.kind, Contact.is_primary.desc(), Contact.id"
    )
    notes: Mapped[list[Note]] = relationship(
        back_populates="client", lazy="raise", order_by="Note.pinned.desc(), Note.id.desc()"
    )

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        *(
            Index(
                f"ix_clients_{column}_current",
                "port_id",
                column,
                "id",
                postgresql_where="archived_at IS NULL",
            )
            for column in ("sort_name", "created_at", "updated_at")
        ),
        Index("ix_clients_archived", "port_id", "sort_name", "id", postgresql_where="archived_at IS NOT NULL"),
        Index("ix_clients_erased", "port_id", "id", postgresql_where="erased_at IS NOT NULL"),
        # By this who is entered twice is found.
        Index("ix_clients_tax_number", "port_id", "tax_number", postgresql_where="tax_number <> ''"),
        Index("ix_clients_owner_current", "port_id", "owner_id", "sort_name", "id"),
        Index("ix_clients_status_current", "port_id", "status", "sort_name", "id"),
        ForeignKeyConstraint(["port_id", "merged_into_id"], ["clients.port_id", "clients.id"], ondelete="RESTRICT"),
        CheckConstraint("merged_into_id <> id", name="merged_into_another"),
        CheckConstraint("merged_into_id IS NULL OR archived_at IS NOT NULL", name="merged_is_archived"),
        Index("ix_clients_merged_into_id", "port_id", "merged_into_id"),
    )

    EDITABLE = (
        "kind",
        "full_name",
        "company_name",
        "preferred_name",
        "nationality",
        "languages",
        "source",
        "status",
        "tax_number",
        "street",
        "postcode",
        "town",
        "region",
        "country",
        "owner_id",
        "marketing_consent",
    )

    @property
    def marketing_consent(self) -> bool:
        return self.marketing_consent_at is not None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def is_erased(self) -> bool:
        return self.erased_at is not None

    @property
    def room(self) -> str:
        return f"client:{self.id}"

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """All clients of the member's port, or with `clients.view_own` alone those they own or entered unowned."""
        statement = select(cls).where(cls.port_id == member.here().id)
        if member.can("clients.view"):
            return statement
        if not member.can("clients.view_own"):
            return statement.where(false())
        return statement.where(cls.is_own(member.id))

    @classmethod
    def is_own(cls, user_id: uuid.UUID | None) -> ColumnElement[bool]:
        """Theirs, or entered by them and nobody's."""
        return or_(cls.owner_id == user_id, (cls.created_by_id == user_id) & cls.owner_id.is_(None))

    @staticmethod
    def may_see(member: Member, *, owner_id: uuid.UUID | None, created_by_id: uuid.UUID | None) -> bool:
        """As `visible_to`, of one whose row is at hand."""
        if member.can("clients.view"):
            return True
        own = owner_id == member.id or (owner_id is None and created_by_id == member.id)
        return own and member.can("clients.view_own")

    @classmethod
    def named(cls, member: Member, typed: str, *, most: int = 8) -> list[Self]:
        """Who is meant by a number, `Léa Marchand · 1042`, a name or the beginning of one, among those the member may
        see and who are not put away: the only one with the number or the name, else the first of all who begin so."""
        return meant_by(typed, cls, cls.visible_to(member).where(cls.archived_at.is_(None)), most=most)

    @classmethod
    def numbered(cls, number: int, member: Member) -> Select[Self]:
        """The one of this number; not who was merged: the page of the survivor answers for them."""
        return cls.visible_to(member).where(has_number(cls, number), cls.merged_into_id.is_(None))

    @classmethod
    def standing(cls, number: int, member: Member, *, is_kept: bool = False) -> Self | None:
        """Who has the number, or at the end of all merges stands for who had it; None where the member may not see
        that one. `is_kept`: nobody merges it until the transaction ends."""
        which: ColumnElement[bool] = has_number(cls, number)
        for _step in range(100):
            here = select(cls).where(cls.port_id == member.here().id, which)
            found = db.session.scalars(here.execution_options(populate_existing=True)).one_or_none()
            if found is None:
                return None
            if found.merged_into_id is None and (not is_kept or found.stay()):
                seen = cls.may_see(member, owner_id=found.owner_id, created_by_id=found.created_by_id)
                return found if seen else None
            which = cls.id == (found.merged_into_id or found.id)
        return None

    def keep(self) -> None:
        """As `stay`; raises Refused where somebody did."""
        if not self.stay():
            raise Refused(_("%(name)s was merged into another client meanwhile. Choose again.", name=self.full_name))

    def stay(self) -> bool:
        """Nobody merges the client until the transaction ends; False when somebody did."""
        stands = select(Client.id).where(Client.id == self.id, Client.merged_into_id.is_(None))
        return db.session.scalar(stands.with_for_update(read=True, key_share=True)) is not None

    @classmethod
    def create(cls, fields: Mapping[str, Any], *, port_id: uuid.UUID, by: Actor, announce: bool = True) -> Self:
        """A new client with the next number of the port. `announce=False`: part of a bulk act that announces
        itself once."""
        client = cls(
            port_id=port_id,
            number=take_number(port_id, "client"),
            created_by_id=user_id_of(by),
        )
        for name, value in fields.items():
            if not is_custom(name):
                client._write(name, value)
        db.session.add(client)
        db.session.flush()
        changes: dict[str, Any] = {name: (None, client.shown(name)) for name in cls.EDITABLE if client.shown(name)}
        custom, definitions = client.write_custom(fields, is_new=True)
        changes |= custom
        client.record(
            "created",
            by=by,
            changes=changes,
            is_new=True,
            announce=announce,
            name=client.full_name,
            source=client.source,
            **together(named_owners(changes, by=by), told(custom, definitions)),
        )
        return client

    def update(self, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
        """Write what differs and record it; False when nothing does. `reverting`: the event that this takes back."""
        changes = self.take({name: value for name, value in fields.items() if not is_custom(name)})
        custom, definitions = self.write_custom(fields)
        changes |= custom
        if not changes:
            return False
        self.updated_at = now()
        words = {"changes": changes, **together(named_owners(changes, by=by), told(custom, definitions))}
        if reverting is None:
            self.record("updated", by=by, changed_fields=sorted(changes), **words)
        else:
            self.record("reverted", by=by, event_id=reverting, changed_fields=sorted(changes), **words)
        return True

    def take(self, fields: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Write what differs; (old, new) of each field for the event of whoever asked."""
        changes: dict[str, Any] = {}
        for name, value in fields.items():
            before = self.shown(name)
            self._write(name, value)
            if self.shown(name) != before:
                changes[name] = (before, self.shown(name))
        return changes

    def archive(self, *, by: Actor) -> None:
        """Put away: out of lists and choices, nothing deleted."""
        if self.archived_at is None:
            self.archived_at = now()
            self.record("archived", by=by)

    def restore(self, *, by: Actor) -> None:
        """Back into the lists. Who was merged comes back by undoing that, who was erased not at all; raises Refused."""
        if self.is_erased:
            raise Refused(_("What was kept about %(name)s is gone: nothing can be brought back.", name=self.full_name))
        if self.merged_into_id is not None:
            raise Refused(_("%(name)s was merged into another client. Undo the merge instead.", name=self.full_name))
        if self.archived_at is not None:
            self.archived_at = None
            self.record("restored", by=by)

    def shown(self, name: str) -> Any:
        value = getattr(self, name)
        return list(value) if isinstance(value, list) else value

    def _write(self, name: str, value: Any) -> None:
        if name not in self.EDITABLE:
            raise KeyError(name)
        if name == "marketing_consent":
            if bool(value) != self.marketing_consent:
                self.marketing_consent_at = now() if value else None
        elif getattr(self, name) != value:
            setattr(self, name, value)
            if name == "full_name":
                self.sort_name = sort_name(value)


def together(named: dict[str, Any], custom: dict[str, Any]) -> dict[str, Any]:
    """Both, with the names of both in one."""
    names = {**named.get("named", {}), **custom.get("named", {})}
    return {**custom, "named": names} if names else {}


def named_owners(changes: Mapping[str, tuple[Any, Any]], *, by: Actor) -> dict[str, Any]:
    """The names of the owners in a change: whoever reads it later may not see these users any more."""
    if "owner_id" not in changes:
        return {}
    names = {by.actor_id: by.name}
    if missing := set(changes["owner_id"]) - {None, *names}:
        users = db.session.execute(select(User.id, User.name).where(User.id.in_(missing)))
        names |= {row.id: row.name for row in users}
    old, new = (names.get(owner_id, "") if owner_id else "" for owner_id in changes["owner_id"])
    return {"named": {"owner_id": [old, new]}}
