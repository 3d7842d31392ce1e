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
from ...events.models import Actor, Recorded
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
    `WITHIN` that of what it lies in, and `UNIQUE` the index that keeps a name there from being given twice.
    """

    __abstract__ = True

    CALLED: ClassVar[str]
    UNIQUE: ClassVar[str]
    SORTED: ClassVar[str] = "sort_name"
    WITHIN: ClassVar[str] = ""

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
        self.record("created", by=by, changes=changes, is_new=True, announce=announce, name=self.called)

    def update(self, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
        """Write what differs and record it; False when nothing does. `reverting`: the event that this takes back.
        Raises Taken."""
        changes = self.differing(fields)
        if not changes:
            return False
        self._write({name: new for name, (_old, new) in changes.items()})
        details: dict[str, Any] = {"name": self.called, "changed_fields": sorted(changes)}
        if reverting is not None:
            self.record("reverted", by=by, changes=changes, event_id=reverting, **details)
        else:
            self.record("updated", by=by, changes=changes, **details)
        return True

    def archive(self, *, by: Actor) -> None:
        """Put away: out of lists and choices, nothing deleted. Raises Refused where something still stands on it."""
        if self.archived_at is None:
            self._check_unused()
            self.archived_at = now()
            self.record("archived", by=by, name=self.called)

    def restore(self, *, by: Actor) -> None:
        """Raises Taken where another place has the name by now, Refused where what it stands on is put away."""
        if self.archived_at is not None:
            self._check_ground()
            self._keep(archived_at=None)
            self.record("restored", by=by, name=self.called)

    def _check_unused(self) -> None:
        """Raises Refused while something in use stands on this place."""

    def _check_ground(self) -> None:
        """Raises Refused while the place on which this one stands is put away."""

    def _write(self, fields: Mapping[str, Any]) -> None:
        if unknown := set(fields) - set(self.EDITABLE):
            raise KeyError(*unknown)
        self._keep(**fields)

    def _keep(self, **values: Any) -> None:
        """Raises Taken: the index on the names decides between two who come at once."""
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
