"""Dock: a pier or quay of a harbour, with what its berths have from it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...db import db
from ...errors import Refused
from ...events.models import Actor
from ...numbers import take_number
from .harbour import Harbour, coordinate
from .place import Place, natural

if TYPE_CHECKING:
    from .berth import Berth

# Between harbour, dock and berth in the order of berths: before every letter of a name.
BETWEEN = "\t"


class Dock(Place):
    """`price_tier` is the column of a price list that its berths are in. `plan_x` and `plan_y` are where it begins on
    the plan of its harbour, in metres from the left and the top, `plan_turn` its degrees clockwise; without them it
    lies where there is room."""

    __tablename__ = "docks"
    subject_type = "dock"
    CALLED, UNIQUE = "name", "uq_docks_name"
    WITHIN, GROUND = "harbour_id", Harbour
    GROUNDLESS = lazy_gettext("The harbour of this dock is archived. Restore it first.")
    EDITABLE = (
        "harbour_id",
        "name",
        "price_tier",
        "has_power",
        "has_water",
        "has_gate",
        "has_lighting",
        "latitude",
        "longitude",
        "plan_x",
        "plan_y",
        "plan_turn",
    )

    harbour_id: Mapped[uuid.UUID]
    name: Mapped[str] = mapped_column(String(60))
    sort_name: Mapped[str] = mapped_column(String(300, collation="C"))
    price_tier: Mapped[int | None] = mapped_column(SmallInteger)
    has_power: Mapped[bool] = mapped_column(default=False)
    has_water: Mapped[bool] = mapped_column(default=False)
    has_gate: Mapped[bool] = mapped_column(default=False)
    has_lighting: Mapped[bool] = mapped_column(default=False)
    latitude: Mapped[Decimal | None] = coordinate()
    longitude: Mapped[Decimal | None] = coordinate()
    plan_x: Mapped[int | None] = mapped_column(SmallInteger)
    plan_y: Mapped[int | None] = mapped_column(SmallInteger)
    plan_turn: Mapped[int | None] = mapped_column(SmallInteger)

    harbour: Mapped[Harbour] = relationship(lazy="raise", viewonly=True)
    berths: Mapped[list[Berth]] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(["port_id", "harbour_id"], ["harbours.port_id", "harbours.id"], ondelete="CASCADE"),
        Index("ix_docks_harbour", "port_id", "harbour_id", "sort_name", "id"),
        Index(UNIQUE, "port_id", "harbour_id", "sort_name", unique=True, postgresql_where="archived_at IS NULL"),
    )

    @classmethod
    def create(cls, fields: Mapping[str, Any], *, port_id: uuid.UUID, by: Actor, announce: bool = True) -> Self:
        """Raises Taken."""
        dock = cls(port_id=port_id, number=take_number(port_id, "dock"))
        dock.begin(fields, by=by, announce=announce)
        return dock

    def order_of(self, harbour: Harbour) -> str:
        """What stands before the berth's own part in the order of berths."""
        return f"{harbour.sort_name}{BETWEEN}{self.sort_name}{BETWEEN}"

    def sort_berths(self, harbour: Harbour) -> None:
        from .berth import Berth

        own = (Berth.port_id == self.port_id, Berth.dock_id == self.id)
        sorted_anew = func.concat(self.order_of(harbour), Berth.sort_code)
        db.session.execute(update(Berth).where(*own).values(sort_place=sorted_anew, updated_at=Berth.updated_at))

    def _keep(self, **values: Any) -> None:
        is_moved = self.name is not None and {"name", "harbour_id"} & set(values)
        if "name" in values:
            values["sort_name"] = natural(values["name"])
        super()._keep(**values)
        if is_moved:
            self.sort_berths(db.session.get_one(Harbour, self.harbour_id))

    def _check_unused(self) -> None:
        from .berth import Berth

        own = (Berth.port_id == self.port_id, Berth.dock_id == self.id, Berth.archived_at.is_(None))
        if count := db.session.scalar(select(func.count()).where(*own)):
            raise Refused(
                _("%(name)s still has %(count)d berths. Archive or move them first.", name=self.name, count=count)
                if count > 1
                else _("%(name)s still has a berth. Archive or move it first.", name=self.name)
            )
