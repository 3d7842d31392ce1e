"""Place: what a harbour, a dock and a berth have in common."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now, write
from ...errors import Refused
from ...events.models import Actor, Recorded
from ...fields.models import is_custom
from ...sorting import sort_name

DIGITS = re.compile(r"\d+")
LONGEST_DIGITS = 12


class Taken(ValueError):
    """Another place beside this one is called so; `holder` is the other one."""

    def __init__(self, holder: Place | None) -> None:
        super().__init__("taken")
        self.holder = holder


def natural(name: str) -> str:
    """How names with numbers in them sort: `B 9` before `B 10`."""
    return DIGITS.sub(lambda found: found[0].zfill(LONGEST_DIGITS), sort_name(name))


class Place(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: update, archive, restore; each kind of place has its own create.

    `CALLED` is the column that says how the place is called, `SORTED` the one by which such names are the same,
    `WITHIN` that of what it lies in, and `UNIQUE` the index that keeps a name there from being given twice. `GROUND` is
    what it lies in, and `GROUNDLESS` what is said where that is put away.
    """

    __abstract__ = True

    CALLED: ClassVar[str]
    UNIQUE: ClassVar[str]
    SORTED: ClassVar[str] = "sort_name"
    WITHIN: ClassVar[str] = ""
    GROUND: ClassVar[type[Place] | None] = None
    GROUNDLESS: ClassVar[Any] = ""

    number: Mapped[int]
    archived_at: Mapped[datetime | None] = mapped_column()

    @classmethod
    def sort_key(cls, name: str) -> str:
        """How a name sorts; two places beside each other do not have the same."""
        return natural(name)

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def room(self) -> str:
        return f"{self.subject_type}:{self.id}"

    @property
    def called(self) -> str:
        return str(getattr(self, self.CALLED))

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        return select(cls).where(cls.port_id == member.here().id)

    def begin(self, fields: Mapping[str, Any], *, by: Actor, announce: bool = True) -> None:
        """Write a new place and record it. Raises Taken."""
        self._write(fields)
        changes = {name: (None, getattr(self, name)) for name in self.EDITABLE if getattr(self, name)}
        custom, about = self._write_custom(fields, is_new=True)
        details = {"changes": changes | custom, "name": self.called, **about}
        self.record("created", by=by, is_new=True, announce=announce, **details)

    def update(self, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
        """Write what differs and record it; False when nothing does. `reverting`: the event that this takes back.
        Raises Taken, and Refused where it would stand on what is put away."""
        changes: dict[str, tuple[Any, Any]] = self.differing(fields)
        if changes:
            self._write({name: new for name, (_old, new) in changes.items()})
        custom, about = self._write_custom(fields)
        changes |= custom
        if not changes:
            return False
        details: dict[str, Any] = {"changes": changes, "changed_fields": sorted(changes), "name": self.called, **about}
        if reverting is not None:
            self.record("reverted", by=by, event_id=reverting, **details)
        else:
            self.record("updated", by=by, **details)
        return True

    def archive(self, *, by: Actor) -> None:
        """Put away: out of lists and choices, nothing deleted. Raises Refused where something still stands on it."""
        if self.archived_at is None:
            # Who comes to stand on it at this moment takes turns with this.
            db.session.refresh(self, ["archived_at", "version"], with_for_update=True)
        if self.archived_at is None:
            self._check_unused()
            self.archived_at = now()
            self.record("archived", by=by, name=self.called)

    def restore(self, *, by: Actor) -> None:
        """Raises Taken where another place has the name by now, Refused where what it stands on is put away."""
        if self.archived_at is not None:
            self._keep(archived_at=None)
            self.record("restored", by=by, name=self.called)

    def _check_unused(self) -> None:
        """Raises Refused while something in use stands on this place."""

    def _check_ground(self, values: Mapping[str, Any]) -> None:
        """Raises Refused where it would stand on a place that is put away; who puts that away takes turns with this."""
        ground = self.GROUND
        comes_to_stand = self.WITHIN in values or values.get("archived_at", self) is None
        if ground is None or not comes_to_stand:
            return
        ground_id = values.get(self.WITHIN, getattr(self, self.WITHIN))
        found = select(ground.archived_at).where(ground.port_id == self.port_id, ground.id == ground_id)
        if db.session.scalar(found.with_for_update(read=True)) is not None:
            raise Refused(str(self.GROUNDLESS))

    def _write_custom(
        self, fields: Mapping[str, Any], *, is_new: bool = False
    ) -> tuple[dict[str, tuple[Any, Any]], dict[str, Any]]:
        """What changed in fields that the port made up, and what an event keeps of them besides."""
        return {}, {}

    def _write(self, fields: Mapping[str, Any]) -> None:
        own = {name: value for name, value in fields.items() if not is_custom(name)}
        if unknown := set(own) - set(self.EDITABLE):
            raise KeyError(*unknown)
        self._keep(**own)

    def _keep(self, **values: Any) -> None:
        """Raises Taken: the index on the names decides between two who come at once; and Refused where it would stand
        on what is put away."""
        self._check_ground(values)
        holders = self._called_so(values)
        try:
            write(self, **values)
        except IntegrityError as error:
            if self.UNIQUE not in str(error.orig):
                raise
            raise Taken(db.session.scalars(holders).first()) from None

    def _called_so(self, values: Mapping[str, Any]) -> Select[Any]:
        """The other places that have the name which this one is given by `values`."""
        kind, name = type(self), values.get(self.CALLED) or self.called
        found = select(kind).where(
            kind.port_id == self.port_id, getattr(kind, self.SORTED) == self.sort_key(name), kind.archived_at.is_(None)
        )
        if self.WITHIN:
            found = found.where(getattr(kind, self.WITHIN) == values.get(self.WITHIN, getattr(self, self.WITHIN)))
        return found.where(kind.id != self.id) if self.id else found


__all__ = ["Place", "Taken", "natural"]
