"""Relationship: what one client is to another."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Self

from flask_babel import gettext as _
from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint, func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from ...db import Base, PortScoped, Timestamped, db, now, write
from ...events.models import Actor, Of, record
from .client import Client
from .contact import Unfit


class RelationshipKind(StrEnum):
    OWNER = "owner"
    CAPTAIN = "captain"
    CREW = "crew"
    BROKER = "broker"
    SPOUSE = "spouse"
    COMPANY = "company"
    AGENT = "agent"


class Relationship(Timestamped, PortScoped, Base):
    """`from` is the kind of `to`: captain of. Told in the timelines of both. Verbs: create, archive, restore."""

    __tablename__ = "client_relationships"

    from_id: Mapped[uuid.UUID]
    to_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(String(20))
    archived_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(["port_id", "from_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "to_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        Index("ix_client_relationships_port_id_from_id", "port_id", "from_id"),
        Index("ix_client_relationships_port_id_to_id", "port_id", "to_id"),
        Index(
            "uq_client_relationships_pair",
            "from_id",
            "to_id",
            "kind",
            unique=True,
            postgresql_where="archived_at IS NULL",
        ),
    )

    @classmethod
    def create(cls, client: Client, to: Client, kind: str, *, by: Actor) -> Self:
        """`client` is the kind of `to`. Raises Unfit where that stands there, or nobody is that to themselves."""
        if client.id == to.id:
            raise Unfit(_("Choose somebody else: this is the client itself."), "client")
        relationship = cls(port_id=client.port_id, from_id=client.id, to_id=to.id, kind=kind)
        relationship._keep(archived_at=None)
        relationship._tell("relationshipAdded", client, to, by=by)
        return relationship

    def archive(self, client: Client, to: Client, *, by: Actor) -> None:
        if self.archived_at is None:
            self.archived_at = now()
            self._tell("relationshipRemoved", client, to, by=by)

    def restore(self, client: Client, to: Client, *, by: Actor) -> None:
        """Raises Unfit where it was added anew meanwhile."""
        if self.archived_at is not None:
            self._keep(archived_at=None)
            self._tell("relationshipRestored", client, to, by=by)

    def _keep(self, *, archived_at: datetime | None) -> None:
        """Raises Unfit: the indexes decide between two who come at once."""
        try:
            write(self, archived_at=archived_at)
        except IntegrityError as error:
            if "uq_client_relationships" not in str(error.orig):
                raise
            raise Unfit(_("This stands here already."), "client") from None

    def _tell(self, happened: str, client: Client, to: Client, *, by: Actor) -> None:
        client.updated_at = now()
        db.session.flush()
        record(
            f"client:{happened}",
            by=by,
            subject_type=Client.subject_type,
            subject_id=client.id,
            port_id=client.port_id,
            told_in=[(Client.subject_type, to.id)],
            relationship_id=self.id,
            kind=self.kind,
            person=client.full_name,
            other=Of(Client.subject_type, to.id, to.full_name),
        )


# Two are spouses whichever of them was named first.
Index(
    "uq_client_relationships_spouses",
    func.least(Relationship.from_id, Relationship.to_id),
    func.greatest(Relationship.from_id, Relationship.to_id),
    unique=True,
    postgresql_where=(Relationship.kind == "spouse") & Relationship.archived_at.is_(None),
)
