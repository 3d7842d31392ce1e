"""FieldValue: what one record has in a custom field, and what such records can do."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import Date, ForeignKeyConstraint, Index, Numeric, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...db import Base, PortScoped, db, now
from .definition import FieldDefinition
from .kinds import FieldKind, written

PREFIX = "custom_"


def is_custom(name: str) -> bool:
    return name.startswith(PREFIX)


class FieldValue(PortScoped, Base):
    """One column of the kind holds the value; the database checks which. No row where there is none."""

    __tablename__ = "custom_field_values"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("client_id", "definition_id"),
        UniqueConstraint("vessel_id", "definition_id"),
        UniqueConstraint("berth_id", "definition_id"),
        ForeignKeyConstraint(
            ["port_id", "definition_id", "resource", "kind"],
            [f"custom_field_definitions.{name}" for name in ("port_id", "id", "resource", "kind")],
            name="fk_custom_field_values_definition",
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "vessel_id"], ["vessels.port_id", "vessels.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
        Index("ix_custom_field_values_port_id_client_id", "port_id", "client_id"),
        Index("ix_custom_field_values_port_id_vessel_id", "port_id", "vessel_id"),
        Index("ix_custom_field_values_port_id_berth_id", "port_id", "berth_id"),
        Index("ix_custom_field_values_definition", "port_id", "definition_id", "resource", "kind"),
        # By this a list is narrowed.
        Index(
            "ix_custom_field_values_chosen",
            "port_id",
            "definition_id",
            "text_value",
            "client_id",
            "vessel_id",
            "berth_id",
            postgresql_where="kind IN ('choice', 'yes_no')",
        ),
    )

    definition_id: Mapped[uuid.UUID]
    resource: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(10))
    client_id: Mapped[uuid.UUID | None]
    vessel_id: Mapped[uuid.UUID | None]
    berth_id: Mapped[uuid.UUID | None]
    # Of text, choice and yes or no.
    text_value: Mapped[str | None] = mapped_column(Text)
    number_value: Mapped[Decimal | None] = mapped_column(Numeric(20, 6))
    date_value: Mapped[date | None] = mapped_column(Date)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)

    definition: Mapped[FieldDefinition] = relationship(lazy="joined", innerjoin=True, viewonly=True)

    @property
    def text(self) -> str:
        """As forms and events have it."""
        if self.kind == FieldKind.DATE:
            return self.date_value.isoformat() if self.date_value else ""
        if self.kind in (FieldKind.NUMBER, FieldKind.MONEY):
            decimals = 2 if self.kind == FieldKind.MONEY else None
            return written(self.number_value, decimals=decimals) if self.number_value is not None else ""
        return self.text_value or ""

    def write(self, text: str) -> None:
        if self.kind == FieldKind.DATE:
            self.date_value = date.fromisoformat(text)
        elif self.kind in (FieldKind.NUMBER, FieldKind.MONEY):
            self.number_value = Decimal(text)
        else:
            self.text_value = text


class Customised:
    """A record with custom fields: each reads as `record.custom_<key>`, empty where it has nothing."""

    resource: ClassVar[str]
    id: Mapped[uuid.UUID]
    port_id: Mapped[uuid.UUID]

    # While the unit of work lasts; a form asks for each field by itself.
    _custom: dict[str, str] | None = None

    if not TYPE_CHECKING:  # or every name would be an attribute

        def __getattr__(self, name: str) -> Any:
            if not is_custom(name):
                raise AttributeError(name)
            return self.custom.get(name, "")

    @property
    def custom(self) -> dict[str, str]:
        """What it has, by the names of the fields; one statement."""
        if self._custom is None:
            self._custom = {value.definition.name: value.text for value in self._values()}
        return self._custom

    @property
    def custom_facts(self) -> list[tuple[str, str]]:
        """Label and words of what it has, in the order of the fields; one statement."""
        held = [value for value in self._values() if value.definition.archived_at is None]
        held.sort(key=lambda value: (value.definition.position, value.definition_id))
        return [(value.definition.label, value.definition.shown(value.text)) for value in held]

    def _values(self) -> list[FieldValue]:
        column = getattr(FieldValue, f"{self.resource}_id")
        found = select(FieldValue).where(FieldValue.port_id == self.port_id, column == self.id)
        return list(db.session.scalars(found))

    def write_custom(
        self, fields: Mapping[str, str], *, is_new: bool = False
    ) -> tuple[dict[str, tuple[str, str]], dict[str, FieldDefinition]]:
        """Write what differs; gives what changed as (old, new), and the definitions by name. `is_new`: the record was
        made in this transaction. Raises Unfit, and KeyError for a field that is not in use."""
        names = {name for name in fields if is_custom(name)}
        if not names:
            return {}, {}
        found = FieldDefinition.of(self.resource, port_id=self.port_id, is_kept=True)
        definitions = {definition.name: definition for definition in found}
        held = {} if is_new else {value.definition_id: value for value in self._values()}
        changes = {}
        for name in sorted(names):
            definition = definitions[name]
            value, new = held.get(definition.id), definition.read(fields[name])
            old = value.text if value else ""
            if old != new:
                self._write_value(definition, value, new)
                changes[name] = (old, new)
        db.session.flush()
        self._custom = None
        return changes, definitions

    def _write_value(self, definition: FieldDefinition, value: FieldValue | None, new: str) -> None:
        if value is None:
            value = FieldValue(
                port_id=self.port_id, definition_id=definition.id, resource=self.resource, kind=definition.kind
            )
            setattr(value, f"{self.resource}_id", self.id)
            db.session.add(value)
        if new:
            value.write(new)
        else:
            db.session.delete(value)


def told(changes: Mapping[str, tuple[str, str]], definitions: Mapping[str, FieldDefinition]) -> dict[str, Any]:
    """What an event keeps of changed custom fields besides: how they are called and how their values read by now."""
    if not changes:
        return {}
    return {
        "labels": {name: definitions[name].label for name in changes},
        "named": {name: [definitions[name].shown(text) for text in changes[name]] for name in changes},
    }
