"""Own place: where a berth lies on the plan of its harbour, when somebody said so."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Self

from sqlalchemy import ForeignKeyConstraint, Numeric, SmallInteger, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...events.models import Actor
from .berth import Berth

TENTH = Decimal("0.1")


@dataclass(frozen=True)
class Position:
    """`x` and `y`: the middle of the berth in metres from the left and the top of the plan; `turn`: degrees clockwise
    from where its bow points up. `label_x` and `label_y`: where its number stands, in metres to the right of the middle
    and below it before it is turned; without them behind its stern. Without `x` the map finds a place."""

    x: Decimal | None = None
    y: Decimal | None = None
    turn: int | None = None
    label_x: Decimal | None = None
    label_y: Decimal | None = None

    def exact(self) -> Position:
        """As it is stored: to a tenth, and with nothing about a place that is none."""
        if self.x is None:
            return Position()
        x, y, label_x, label_y = (
            None if value is None else value.quantize(TENTH) for value in (self.x, self.y, self.label_x, self.label_y)
        )
        return Position(x, y, self.turn or 0, label_x, label_y)

    def __str__(self) -> str:
        """How a form remembers what it was opened with; nothing where the map finds the place."""
        return (
            "" if self.x is None else " ".join("-" if value is None else str(value) for value in asdict(self).values())
        )


class OwnPlace(Timestamped, Versioned, PortScoped, Base):
    """What happens to it is told by its berth, which is locked."""

    __tablename__ = "berth_map_data"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "berth_id"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
    )

    berth_id: Mapped[uuid.UUID]
    x: Mapped[Decimal] = mapped_column(Numeric(5, 1))
    y: Mapped[Decimal] = mapped_column(Numeric(5, 1))
    turn: Mapped[int] = mapped_column(SmallInteger)
    label_x: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))
    label_y: Mapped[Decimal | None] = mapped_column(Numeric(4, 1))

    @classmethod
    def of(cls, berth: Berth) -> Self | None:
        return db.session.scalars(
            select(cls).where(cls.port_id == berth.port_id, cls.berth_id == berth.id)
        ).one_or_none()

    @property
    def position(self) -> Position:
        return Position(self.x, self.y, self.turn, self.label_x, self.label_y)


def position_of(berth: Berth) -> Position:
    found = OwnPlace.of(berth)
    return found.position if found else Position()


def lay(berth: Berth, position: Position, *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
    """Give the berth this place, or let the map find one where it says none; False when it lies so already.
    `reverting`: the event that this takes back. Raises Refused for a berth that is put away."""
    berth.check_in_use()
    found, position = OwnPlace.of(berth), position.exact()
    changes = _differing(found.position if found else Position(), position)
    if not changes:
        return False
    if position.x is None and found:
        db.session.delete(found)
    else:
        found = found or OwnPlace(port_id=berth.port_id, berth_id=berth.id)
        for name, value in asdict(position).items():
            setattr(found, name, value)
        db.session.add(found)
    berth.updated_at = now()
    told: dict[str, Any] = {"changes": changes, "changed_fields": sorted(changes), "name": berth.code}
    if reverting is not None:
        berth.record("placeReverted", by=by, event_id=reverting, **told)
    elif position.x is None:
        berth.record("unplaced", by=by, **told)
    else:
        berth.record("placed", by=by, **told)
    return True


def _differing(old: Position, new: Position) -> dict[str, tuple[Any, Any]]:
    before, after = asdict(old), asdict(new)
    return {name: (before[name], after[name]) for name in before if before[name] != after[name]}
