"""Document: what a client signed."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any, Self

from flask_babel import lazy_gettext as _
from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ..clients.models import Client
from ..current import Member
from ..db import Base, PortScoped, Timestamped, Versioned, db
from ..events.models import Actor, Recorded
from ..files.models import File
from ..numbers import take_number


class DocumentType(StrEnum):
    EOI = "eoi"
    NDA = "nda"
    CONTRACT = "contract"
    ADDENDUM = "addendum"
    OTHER = "other"


TYPES = [
    (DocumentType.EOI, _("Expression of interest")),
    (DocumentType.NDA, _("Non-disclosure agreement")),
    (DocumentType.CONTRACT, _("Contract")),
    (DocumentType.ADDENDUM, _("Addendum")),
    (DocumentType.OTHER, _("Other document")),
]


class DocumentStatus(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    PARTIALLY_SIGNED = "partially_signed"
    COMPLETED = "completed"
    DECLINED = "declined"
    EXPIRED = "expired"
    VOID = "void"


class Document(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: record_signed, void. `sha256` is that of the signed file as it was recorded."""

    __tablename__ = "documents"
    subject_type = "document"

    number: Mapped[int]
    type: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    client_id: Mapped[uuid.UUID]
    interest_id: Mapped[uuid.UUID | None]
    berth_id: Mapped[uuid.UUID | None]
    signed_file_id: Mapped[uuid.UUID]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)

    signed_file: Mapped[File] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "interest_id"], ["interests.port_id", "interests.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["port_id", "signed_file_id"], ["files.port_id", "files.id"], ondelete="RESTRICT"),
        *(
            Index(f"ix_documents_{column}", "port_id", column)
            for column in ("client_id", "interest_id", "berth_id", "signed_file_id")
        ),
    )

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """Those of clients whom they may see."""
        clients = Client.visible_to(member).with_only_columns(Client.id)
        return select(cls).where(cls.port_id == member.here().id, cls.client_id.in_(clients))

    @classmethod
    def record_signed(
        cls,
        kind: DocumentType,
        file: File,
        *,
        client: Client,
        interest: Any = None,
        berth: Any = None,
        sha256: bytes,
        by: Actor,
    ) -> Self:
        """What was signed on paper: complete as it is. Told by the interest, the berth and the client as well. Raises
        Refused where the client was merged meanwhile."""
        client.keep()
        document = cls(
            port_id=client.port_id,
            number=take_number(client.port_id, "document"),
            type=kind,
            status=DocumentStatus.COMPLETED,
            client_id=client.id,
            interest_id=interest.id if interest is not None else None,
            berth_id=berth.id if berth is not None else None,
            signed_file_id=file.id,
            sha256=sha256,
        )
        db.session.add(document)
        document.record("completed", by=by, is_new=True, told_in=document._told_in(), type=kind)
        if interest is not None:
            interest.note_signed(kind, by=by)
        return document

    def void(self, reason: str, *, interest: Any = None, by: Actor) -> bool:
        """It does not hold any more, or was recorded by mistake; its file stays. `interest`: the one that it is about.
        False when it is void already."""
        if self.status == DocumentStatus.VOID:
            return False
        self.status = DocumentStatus.VOID
        self.record("voided", by=by, told_in=self._told_in(), type=self.type, reason=reason)
        if interest is not None:
            interest.note_void(by=by)
        return True

    def _told_in(self) -> list[tuple[str, uuid.UUID]]:
        of = {"client": self.client_id, "interest": self.interest_id, "berth": self.berth_id}
        return [(kind, found) for kind, found in of.items() if found is not None]

    @classmethod
    def of_interest(cls, interest_id: uuid.UUID) -> Select[Self]:
        """Its documents with their files, the latest first."""
        found = select(cls).where(cls.interest_id == interest_id)
        return found.options(joinedload(cls.signed_file)).order_by(cls.id.desc())
