"""Vessel: a boat of a client."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import (
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Select,
    SmallInteger,
    String,
    UniqueConstraint,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...clients.models import Client
from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now, write
from ...events.models import Actor, Of, Recorded, record
from ...fields.models import Customised, is_custom, told
from ...identity.models import User
from ...naming import meant_by
from ...numbers import take_number
from ...sorting import sort_name
from .dimensions import DECLARED, MEASURED, Dimensioned

if TYPE_CHECKING:
    from .document import Document
    from .ownership import Ownership


HUNDREDTH = Decimal("0.01")


class VesselKind(StrEnum):
    SAIL = "sail"
    MOTOR = "motor"
    CATAMARAN = "catamaran"
    TRIMARAN = "trimaran"
    RIB = "rib"
    OTHER = "other"


class Taken(ValueError):
    """Another vessel of the port has this IMO number or MMSI; `field` is which, `holder` the other one."""

    def __init__(self, field: str, holder: Vessel | None) -> None:
        super().__init__(field)
        self.field, self.holder = field, holder


def _metres() -> Mapped[Decimal | None]:
    return mapped_column(Numeric(6, 2))


class Vessel(Customised, Dimensioned, Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: create, update, measure, change_owner, archive, restore. Each is told in its owner's timeline as well."""

    __tablename__ = "vessels"
    subject_type = "vessel"
    resource = "vessel"

    number: Mapped[int]
    client_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(String(120))
    sort_name: Mapped[str] = mapped_column(String(200, collation="C"))
    kind: Mapped[str] = mapped_column(String(20), default=VesselKind.SAIL)
    flag: Mapped[str] = mapped_column(String(2), default="")
    registration: Mapped[str] = mapped_column(String(40), default="")
    imo: Mapped[str] = mapped_column(String(7), default="")
    mmsi: Mapped[str] = mapped_column(String(9), default="")
    loa_declared: Mapped[Decimal | None] = _metres()
    loa_measured: Mapped[Decimal | None] = _metres()
    beam_declared: Mapped[Decimal | None] = _metres()
    beam_measured: Mapped[Decimal | None] = _metres()
    draft_declared: Mapped[Decimal | None] = _metres()
    draft_measured: Mapped[Decimal | None] = _metres()
    air_draft_declared: Mapped[Decimal | None] = _metres()
    air_draft_measured: Mapped[Decimal | None] = _metres()
    displacement_declared: Mapped[Decimal | None] = _metres()
    displacement_measured: Mapped[Decimal | None] = _metres()
    measured_on: Mapped[date | None]
    measured_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    # In centimetres, 0 where nobody knows: behind row-level security an index over numeric is not used.
    length: Mapped[int] = mapped_column(
        Integer, Computed("coalesce(loa_measured, loa_declared, 0) * 100", persisted=True)
    )
    power_amps: Mapped[int | None] = mapped_column(SmallInteger)
    power_phases: Mapped[int | None] = mapped_column(SmallInteger)
    archived_at: Mapped[datetime | None]

    client: Mapped[Client] = relationship(lazy="raise", viewonly=True)
    measured_by: Mapped[User | None] = relationship(foreign_keys=[measured_by_id], viewonly=True, lazy="raise")
    documents: Mapped[list[Document]] = relationship(
        "app.vessels.models.document.Document", back_populates="vessel", lazy="raise", viewonly=True
    )
    ownerships: Mapped[list[Ownership]] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        Index("ix_vessels_client", "port_id", "client_id", "sort_name", "id"),
        *(
            Index(f"ix_vessels_{column}_current", "port_id", column, "id", postgresql_where="archived_at IS NULL")
            for column in ("sort_name", "length", "updated_at")
        ),
        Index("ix_vessels_archived", "port_id", "sort_name", "id", postgresql_where="archived_at IS NOT NULL"),
        Index(
            "ix_vessels_registration",
            "port_id",
            "registration",
            "id",
            postgresql_where="registration <> '' AND archived_at IS NULL",
        ),
        *(
            Index(
                f"uq_vessels_{column}",
                "port_id",
                column,
                unique=True,
                postgresql_where=f"{column} <> '' AND archived_at IS NULL",
            )
            for column in ("imo", "mmsi")
        ),
    )

    EDITABLE = ("name", "kind", "flag", "registration", "imo", "mmsi", *DECLARED, "power_amps", "power_phases")

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def room(self) -> str:
        return f"vessel:{self.id}"

    @property
    def owner_name(self) -> str:
        return self.client.full_name

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """The vessels of those clients the member may see."""
        statement = select(cls).where(cls.port_id == member.here().id)
        if member.can("clients.view"):
            return statement
        return statement.where(cls.client_id.in_(Client.visible_to(member).with_only_columns(Client.id)))

    @classmethod
    def named(cls, member: Member, typed: str, *, most: int = 8) -> list[Self]:
        """Which is meant by a number, `Belle Étoile · 1042`, a name or the beginning of one, among those the member
        may see and that are not put away; as `Client.named`."""
        return meant_by(typed, cls, cls.visible_to(member).where(cls.archived_at.is_(None)), most=most)

    @classmethod
    def create(cls, client: Client, fields: Mapping[str, Any], *, by: Actor, announce: bool = True) -> Self:
        """A new vessel of the client, with the next number of the port. Raises Taken, and Refused where the client was
        merged meanwhile. `announce=False`: part of a bulk act that announces itself once."""
        from .ownership import Ownership

        client.keep()

        vessel = cls(port_id=client.port_id, client_id=client.id, number=take_number(client.port_id, "vessel"))
        own = {name: value for name, value in fields.items() if not is_custom(name)}
        vessel._write({"kind": VesselKind.SAIL, **own})
        Ownership.begin(vessel, client.id, since=None)
        changes: dict[str, Any] = {n: (None, getattr(vessel, n)) for n in cls.EDITABLE if getattr(vessel, n)}
        custom, definitions = vessel.write_custom(fields, is_new=True)
        details = {"changes": changes | custom, **told(custom, definitions)}
        vessel._tell("created", by=by, is_new=True, announce=announce, client_id=client.id, **details)
        return vessel

    def update(self, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
        """Write what differs and record it; False when nothing does. `reverting`: the event that this takes back.
        Raises Taken."""
        own = {name: value for name, value in fields.items() if not is_custom(name)}
        before = {name: getattr(self, name) for name in own}
        self._write(own)
        changes = {name: (old, getattr(self, name)) for name, old in before.items() if old != getattr(self, name)}
        custom, definitions = self.write_custom(fields)
        changes |= custom
        if not changes:
            return False
        details: dict[str, Any] = {"changes": changes, "changed_fields": sorted(changes), **told(custom, definitions)}
        if reverting is None:
            self._tell("updated", by=by, **details)
        else:
            self._tell("reverted", by=by, event_id=reverting, **details)
        return True

    def measure(self, found: Mapping[str, Decimal | None], *, on: date, by: Actor) -> bool:
        """Keep what was measured (`loa_measured` …), by whom and on which day; None takes a measure back. False when
        it stands there already."""
        changes = {}
        for name, value in found.items():
            if name not in MEASURED:
                raise KeyError(name)
            if getattr(self, name) != value:
                changes[name] = (getattr(self, name), value)
                setattr(self, name, value)
        if not changes:
            return False
        is_any = any(getattr(self, name) is not None for name in MEASURED)
        self.measured_on = on if is_any else None
        self.measured_by_id = by.actor_id if is_any and by.actor_kind == "user" else None
        self._tell("measured", by=by, changes=changes, changed_fields=sorted(changes), measured_on=on.isoformat())
        return True

    def change_owner(self, to: Client, *, on: date, by: Actor) -> bool:
        """The vessel is `to`'s from that day on; nothing else goes with it. False when it is theirs already. Raises
        Refused where `to` was merged meanwhile."""
        from .ownership import Ownership

        if to.id == self.client_id:
            return False
        to.keep()
        before = db.session.scalars(select(Client).where(Client.id == self.client_id)).one()
        Ownership.end(self, on=on)
        self.client_id = to.id
        Ownership.begin(self, to.id, since=on)
        self._tell(
            "ownerChanged",
            by=by,
            told_in=[("client", before.id), ("client", to.id)],
            changes={"client_id": (str(before.id), str(to.id))},
            named={"client_id": [Of("client", one.id, one.full_name) for one in (before, to)]},
            from_id=before.id,
            to_id=to.id,
            on=on.isoformat(),
        )
        return True

    def archive(self, *, by: Actor) -> None:
        """Put away: out of lists and choices, nothing deleted."""
        if self.archived_at is None:
            self.archived_at = now()
            self._tell("archived", by=by)

    def restore(self, *, by: Actor) -> None:
        """Raises Taken where another vessel has its IMO number or MMSI by now."""
        if self.archived_at is not None:
            self._keep(archived_at=None)
            self._tell("restored", by=by)

    def touch(self) -> None:
        """Something of it changed, so the row does: two who change it at once take turns."""
        self.updated_at = now()

    def _write(self, fields: Mapping[str, Any]) -> None:
        if unknown := set(fields) - set(self.EDITABLE):
            raise KeyError(*unknown)
        values: dict[str, Any] = {n: v.quantize(HUNDREDTH) if isinstance(v, Decimal) else v for n, v in fields.items()}
        if "name" in values:
            values["sort_name"] = sort_name(values["name"])
        self._keep(**values)

    def _keep(self, **values: Any) -> None:
        """Raises Taken: the indexes on IMO and MMSI decide between two who come at once."""
        port_id, own_id = self.port_id, self.id
        numbers = {name: values.get(name, getattr(self, name)) or "" for name in ("imo", "mmsi")}
        try:
            write(self, **values)
        except IntegrityError as error:
            field = next((name for name in numbers if f"uq_vessels_{name}" in str(error.orig)), None)
            if field is None:
                raise
            same = (Vessel.port_id == port_id, getattr(Vessel, field) == numbers[field], Vessel.archived_at.is_(None))
            others = (Vessel.id != own_id,) if own_id else ()
            holder = db.session.scalars(select(Vessel).where(*same, *others)).first()
            raise Taken(field, holder) from None

    def _tell(
        self, happened: str, *, by: Actor, told_in: Collection[tuple[str, uuid.UUID]] = (), **details: Any
    ) -> None:
        """In the timeline of the owner too; each sentence says the vessel's name."""
        self.touch()
        about = told_in or [("client", self.client_id)]
        db.session.flush()
        record(
            f"vessel:{happened}",
            by=by,
            subject_type=self.subject_type,
            subject_id=self.id,
            port_id=self.port_id,
            told_in=about,
            name=self.name,
            **details,
        )
