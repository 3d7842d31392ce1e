"""Harbour: one basin of the port with its docks, drawn on a plan of its own."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import Index, Numeric, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from ...db import db
from ...errors import Refused
from ...events.models import Actor
from ...numbers import take_number
from .place import Place, natural


def coordinate() -> Mapped[Decimal | None]:
    """Degrees, WGS 84."""
    return mapped_column(Numeric(9, 6))


class Harbour(Place):
    __tablename__ = "harbours"
    subject_type = "harbour"
    CALLED, UNIQUE = "name", "uq_harbours_name"
    EDITABLE = ("name", "address", "postcode", "region", "latitude", "longitude")

    name: Mapped[str] = mapped_column(String(100))
    sort_name: Mapped[str] = mapped_column(String(300, collation="C"))
    address: Mapped[str] = mapped_column(String(200), default="")
    postcode: Mapped[str] = mapped_column(String(20), default="")
    region: Mapped[str] = mapped_column(String(60), default="")
    latitude: Mapped[Decimal | None] = coordinate()
    longitude: Mapped[Decimal | None] = coordinate()

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        Index("ix_harbours_sort_name", "port_id", "sort_name", "id"),
        Index(UNIQUE, "port_id", "sort_name", unique=True, postgresql_where="archived_at IS NULL"),
    )

    @classmethod
    def create(cls, fields: Mapping[str, Any], *, port_id: uuid.UUID, by: Actor, announce: bool = True) -> Self:
        """Raises Taken."""
        harbour = cls(port_id=port_id, number=take_number(port_id, "harbour"))
        harbour.begin(fields, by=by, announce=announce)
        return harbour

    def _keep(self, **values: Any) -> None:
        is_renamed = "name" in values and self.name is not None
        if "name" in values:
            values["sort_name"] = natural(values["name"])
        super()._keep(**values)
        if is_renamed:
            self._sort_berths()

    def _sort_berths(self) -> None:
        """Berths lie in the order of harbour, dock and number, in one column that pages of the list go by."""
        from .dock import Dock

        for dock in db.session.scalars(select(Dock).where(Dock.port_id == self.port_id, Dock.harbour_id == self.id)):
            dock.sort_berths(self)

    def _check_unused(self) -> None:
        from .dock import Dock

        own = (Dock.port_id == self.port_id, Dock.harbour_id == self.id, Dock.archived_at.is_(None))
        if count := db.session.scalar(select(func.count()).where(*own)):
            raise Refused(
                _("%(name)s still has %(count)d docks. Archive them first.", name=self.name, count=count)
                if count > 1
                else _("%(name)s still has a dock. Archive it first.", name=self.name)
            )
