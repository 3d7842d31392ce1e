"""Ownership: whose a vessel was, from when until when."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Self

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, relationship

from ...clients.models import Client
from ...db import Base, PortScoped, Timestamped, db
from .vessel import Vessel


class Ownership(Timestamped, PortScoped, Base):
    """`since` is empty where nobody knows; the one without `until` is the present one."""

    __tablename__ = "vessel_ownerships"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(["port_id", "vessel_id"], ["vessels.port_id", "vessels.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        Index("ix_vessel_ownerships_port_id_vessel_id", "port_id", "vessel_id"),
        Index("ix_vessel_ownerships_port_id_client_id", "port_id", "client_id"),
        Index("uq_vessel_ownerships_present", "vessel_id", unique=True, postgresql_where="until IS NULL"),
    )

    vessel_id: Mapped[uuid.UUID]
    client_id: Mapped[uuid.UUID]
    since: Mapped[date | None]
    until: Mapped[date | None]

    client: Mapped[Client] = relationship(lazy="raise", viewonly=True)
    vessel: Mapped[Vessel] = relationship(lazy="raise", viewonly=True)

    @classmethod
    def begin(cls, vessel: Vessel, client_id: uuid.UUID, *, since: date | None) -> Self:
        ownership = cls(port_id=vessel.port_id, vessel_id=vessel.id, client_id=client_id, since=since)
        db.session.add(ownership)
        db.session.flush()
        return ownership

    @classmethod
    def present(cls, vessel: Vessel) -> Self:
        return db.session.scalars(select(cls).where(cls.vessel_id == vessel.id, cls.until.is_(None))).one()

    @classmethod
    def end(cls, vessel: Vessel, *, on: date) -> None:
        cls.present(vessel).until = on
        db.session.flush()
