"""FieldDefinition: a field that a port adds to a kind of record."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Boolean, Index, Integer, Select, String, UniqueConstraint, bindparam, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now, write
from ...errors import Refused
from ...events.models import Actor, Recorded
from ...sorting import sort_name
from .kinds import FieldKind, Option, options_of, read, shown

MOST = 40  # fields of one kind of record
# By these a list can be narrowed.
LISTED = (FieldKind.CHOICE, FieldKind.YES_NO)


class Taken(ValueError):
    """Another field has that label; it is said in the port's own spelling."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


class InUse(Refused):
    """Values stand in the way; `field` is where it belongs in the form."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.field = field


class FieldDefinition(Recorded, Timestamped, Versioned, PortScoped, Base):
    """`key` is its name in events and files, for ever; `currency` that of a sum of money, the port's when it was made.

    Values refer to (resource, kind) as well, so that the database itself keeps a kind that has values.
    """

    __tablename__ = "custom_field_definitions"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "id", "resource", "kind"),
        UniqueConstraint("port_id", "resource", "key"),
        Index("ix_custom_field_definitions_order", "port_id", "resource", "position", "id"),
    )
    subject_type = "field"
    EDITABLE = ("label", "kind", "options", "help", "required")

    resource: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10))
    options: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)
    currency: Mapped[str | None] = mapped_column(String(3))
    required: Mapped[bool] = mapped_column(Boolean, default=False)
    help: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[int] = mapped_column(Integer)
    archived_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """Of the field in forms, events and files."""
        return f"custom_{self.key}"

    @property
    def offered(self) -> list[Option]:
        return options_of(self.options)

    def read(self, typed: Any) -> str:
        """What is kept of what was typed. Raises Unfit."""
        return read(self.kind, typed, self.offered)

    def shown(self, text: str) -> str:
        return shown(self.kind, text, options=self.offered, currency=self.currency)

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    @classmethod
    def of(cls, resource: str, *, port_id: uuid.UUID, is_kept: bool = False) -> list[Self]:  # type: ignore[override]  # Recorded.of finds by an event, this by the kind of record
        """Those in use, in their order. `is_kept`: nobody changes their options until the transaction ends."""
        return list(db.session.scalars(KEPT if is_kept else IN_USE, {"port": port_id, "kind": resource}))

    @classmethod
    def create(
        cls,
        fields: Mapping[str, Any],
        *,
        resource: str,
        currency: str,
        port_id: uuid.UUID,
        by: Actor,
        announce: bool = True,
    ) -> Self:
        """At the end of the others. `fields["options"]`: labels. Raises Taken, and Refused when there are too many."""
        there = cls._all(resource, port_id)
        if sum(one.archived_at is None for one in there) >= MOST:
            raise Refused(_("There are %(count)d fields already; archive one first.", count=MOST))
        field = cls(port_id=port_id, resource=resource, key=_key(fields["label"], [one.key for one in there]))
        field.position = max((one.position for one in there), default=0) + 1
        values = {**fields, "options": field._options(fields) if fields["kind"] == FieldKind.CHOICE else []}
        field._write(currency=currency if fields["kind"] == FieldKind.MONEY else None, **values)
        changes = {name: (None, field._told(name)) for name in cls.EDITABLE if field._told(name)}
        field.record(
            "created", by=by, changes=changes, is_new=True, announce=announce, label=field.label, resource=resource
        )
        return field

    def update(self, fields: Mapping[str, Any], *, currency: str, by: Actor) -> bool:
        """Write what differs to the (locked) field; False when nothing does. Raises Taken, and InUse where values
        stand in the way of another kind or of an option that would be gone."""
        kind = fields.get("kind", self.kind)
        options = self._options(fields) if kind == FieldKind.CHOICE else []
        if kind != self.kind:
            self._free_kind()
        elif gone := [one for one in self.offered if one.key not in {option["key"] for option in options}]:
            self._free_options(gone)
        values = {name: fields[name] for name in ("label", "help", "required") if name in fields}
        values |= {"kind": kind, "options": options}
        before = {name: self._told(name) for name in self.EDITABLE}
        if kind != self.kind:
            values["currency"] = currency if kind == FieldKind.MONEY else None
        self._write(**values)
        changes = {name: (before[name], self._told(name)) for name in self.EDITABLE if before[name] != self._told(name)}
        if changes:
            self.record("updated", by=by, changes=changes, changed_fields=sorted(changes), label=self.label)
        return bool(changes)

    def rename_option(self, key: str, label: str, *, by: Actor) -> bool:
        """What has it follows. Raises Refused for a label that is there."""
        if all(option["key"] != key for option in self.options):
            raise Refused(_("This choice is not there any more."))
        if any(option.key != key and option.label.casefold() == label.casefold() for option in self.offered):
            raise Refused(_("There is a choice called “%(label)s” already.", label=label))
        before = self._told("options")
        self.options = [{**one, "label": label} if one["key"] == key else one for one in self.options]
        if self._told("options") == before:
            return False
        changes = {"options": (before, self._told("options"))}
        self.record("updated", by=by, changes=changes, changed_fields=["options"], label=self.label)
        return True

    def move_to(self, place: int, *, by: Actor) -> bool:
        """To the place, counted from 1 among those in use; False where it stands there."""
        others = [one for one in self._all(self.resource, self.port_id) if one.archived_at is None and one is not self]
        others.insert(min(max(place, 1), len(others) + 1) - 1, self)
        if others == sorted(others, key=lambda one: (one.position, one.id)):
            return False
        for position, one in enumerate(others, start=1):
            one.position = position
        self.record("moved", by=by, label=self.label)
        return True

    def archive(self, *, by: Actor) -> None:
        """Out of forms and lists; what was kept in it stays."""
        if self.archived_at is None:
            self.archived_at = now()
            self.record("archived", by=by, label=self.label)

    def restore(self, *, by: Actor) -> None:
        """Raises Taken where another field has the label by now."""
        if self.archived_at is not None:
            self._write(archived_at=None)
            self.record("restored", by=by, label=self.label)

    @classmethod
    def _all(cls, resource: str, port_id: uuid.UUID) -> list[Self]:
        """All of them locked, so that places are given once."""
        found = select(cls).where(cls.port_id == port_id, cls.resource == resource).order_by(cls.position, cls.id)
        return list(db.session.scalars(found.with_for_update()))

    def _told(self, name: str) -> Any:
        return [option["label"] for option in self.options] if name == "options" else getattr(self, name)

    def _options(self, fields: Mapping[str, Any]) -> list[dict[str, str]]:
        """By their labels; those that were there keep their keys."""
        labels: Sequence[str] = fields["options"] if "options" in fields else self._told("options")
        keys = {option.label.casefold(): option.key for option in self.offered} if self.options else {}
        taken, options = list(keys.values()), []
        for label in labels:
            key = keys.get(label.casefold()) or _key(label, taken)
            taken.append(key)
            options.append({"key": key, "label": label})
        return options

    def _free_kind(self) -> None:
        if count := self.uses():
            text = ngettext(
                "%(num)d record has a value here, so the field stays what it is. Archive it and add another one.",
                "%(num)d records have a value here, so the field stays what it is. Archive it and add another one.",
                count,
            )
            raise InUse(text, "kind")

    def _free_options(self, gone: Sequence[Option]) -> None:
        from .value import FieldValue

        counted = (
            select(FieldValue.text_value, func.count())
            .where(FieldValue.port_id == self.port_id, FieldValue.definition_id == self.id)
            .where(FieldValue.text_value.in_([option.key for option in gone]))
            .group_by(FieldValue.text_value)
        )
        counts = {row[0]: row[1] for row in db.session.execute(counted)}
        if used := next((option for option in gone if option.key in counts), None):
            text = ngettext(
                "“%(option)s” cannot go: %(num)d record has it.",
                "“%(option)s” cannot go: %(num)d records have it.",
                counts[used.key],
                option=used.label,
            )
            raise InUse(text, "options")

    def uses(self) -> int:
        """The number of records that have a value."""
        from .value import FieldValue

        held = (FieldValue.port_id == self.port_id, FieldValue.definition_id == self.id)
        return db.session.scalar(select(func.count()).where(*held)) or 0

    def _write(self, **values: Any) -> None:
        """Raises Taken: the index on the labels decides between two who come at once."""
        label, own_id, resource, port_id = values.get("label") or self.label, self.id, self.resource, self.port_id
        try:
            write(self, **values)
        except IntegrityError:
            same = select(FieldDefinition.label).where(
                FieldDefinition.port_id == port_id,
                FieldDefinition.resource == resource,
                func.lower(FieldDefinition.label) == func.lower(label),
                FieldDefinition.archived_at.is_(None),
            )
            others = (FieldDefinition.id != own_id,) if own_id else ()
            holder = db.session.execute(same.where(*others)).scalar()
            raise Taken(holder or label) from None


Index(
    "uq_custom_field_definitions_label",
    FieldDefinition.port_id,
    FieldDefinition.resource,
    func.lower(FieldDefinition.label),
    unique=True,
    postgresql_where=FieldDefinition.archived_at.is_(None),
)

# Made once: every form of a record asks.
IN_USE = (
    select(FieldDefinition)
    .where(
        FieldDefinition.port_id == bindparam("port"),
        FieldDefinition.resource == bindparam("kind"),
        FieldDefinition.archived_at.is_(None),
    )
    .order_by(FieldDefinition.position, FieldDefinition.id)
)
KEPT = IN_USE.with_for_update(read=True, key_share=True)


def _key(label: str, taken: Sequence[str]) -> str:
    """`Boat club` → `boat_club`, `boat_club_2`."""
    plain = re.sub(r"[^a-z0-9]+", "_", sort_name(label)).strip("_")[:34] or "field"
    key, at = plain, 2
    while key in taken:
        key, at = f"{plain}_{at}", at + 1
    return key
