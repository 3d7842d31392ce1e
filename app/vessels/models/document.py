"""Document: a paper of a vessel, from when until when it is good, and whether somebody has looked at it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Numeric, SmallInteger, String, UniqueConstraint, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, contains_eager, joinedload, mapped_column, relationship
from uuid_utils.compat import uuid7

from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...events.models import Actor, record, user_id_of
from ...files.content import BY_MIME, Content, extension_of
from ...files.models import Category, File
from ...identity.models import User
from .vessel import Vessel


class DocumentKind(StrEnum):
    INSURANCE = "insurance"
    REGISTRATION = "registration"
    SURVEY = "survey"
    ELECTRICAL_CERTIFICATE = "electrical_certificate"
    CREW_LIST = "crew_list"
    OTHER = "other"


# What every vessel has to show.
REQUIRED = (DocumentKind.INSURANCE, DocumentKind.REGISTRATION)
# Days before its end at which somebody is told; 0 is its last day.
LADDER = (60, 30, 7, 0)
# Older papers that are entered late are history, not news.
TOLD_AFTERWARDS = 30


class State(StrEnum):
    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    MISSING = "missing"


def state_of(valid_until: date | None, today: date) -> State:
    """The last day counts; a paper without an end is good for ever."""
    if valid_until is None:
        return State.VALID
    days = (valid_until - today).days
    return State.EXPIRED if days < 0 else State.EXPIRING if days <= LADDER[0] else State.VALID


def step_of(valid_until: date, today: date) -> int | None:
    """The step of the ladder that is due, which after missed days is the last of those passed; None when none is."""
    days = (valid_until - today).days
    if days < -TOLD_AFTERWARDS:
        return None
    return min((step for step in LADDER if days <= step), default=None)


class Document(Timestamped, Versioned, PortScoped, Base):
    """Verbs: create, update, attach, verify, unverify, archive, restore. What happens to it is told by its vessel."""

    __tablename__ = "vessel_documents"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(["port_id", "vessel_id"], ["vessels.port_id", "vessels.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "file_id"], ["files.port_id", "files.id"], ondelete="RESTRICT"),
        Index("ix_vessel_documents_port_id_vessel_id", "port_id", "vessel_id"),
        Index("ix_vessel_documents_file", "port_id", "file_id"),
        Index("ix_vessel_documents_valid_until", "port_id", "valid_until", postgresql_where="archived_at IS NULL"),
    )

    vessel_id: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(String(30))
    issuer: Mapped[str] = mapped_column(String(120), default="")
    reference: Mapped[str] = mapped_column(String(80), default="")
    cover_amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    cover_currency: Mapped[str | None] = mapped_column(String(3))
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    verified_at: Mapped[datetime | None]
    verified_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    archived_at: Mapped[datetime | None]
    file_id: Mapped[uuid.UUID | None]

    attached: Mapped[File | None] = relationship(lazy="raise", viewonly=True)
    vessel: Mapped[Vessel] = relationship(back_populates="documents", lazy="raise", viewonly=True)
    verified_by: Mapped[User | None] = relationship(foreign_keys=[verified_by_id], viewonly=True, lazy="raise")

    EDITABLE = ("kind", "issuer", "reference", "cover_amount", "cover_currency", "valid_from", "valid_until")

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None

    @property
    def verifier(self) -> str:
        return self.verified_by.name if self.verified_by else ""

    @classmethod
    def create(cls, vessel: Vessel, fields: Mapping[str, Any], *, by: Actor, announce: bool = True) -> Self:
        """A paper of the (locked) vessel."""
        document = cls(port_id=vessel.port_id, vessel_id=vessel.id, **{n: fields.get(n) for n in cls.EDITABLE})
        document.issuer, document.reference = fields.get("issuer") or "", fields.get("reference") or ""
        db.session.add(document)
        db.session.flush()
        changes = {name: (None, getattr(document, name)) for name in cls.EDITABLE if getattr(document, name)}
        document._tell("documentAdded", vessel, by=by, changes=changes, announce=announce)
        return document

    def update(
        self, vessel: Vessel, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None
    ) -> bool:
        """Write what differs; False when nothing does. What was verified is another paper then, so that is taken
        back. `reverting`: the event that this takes back."""
        changes = {n: (getattr(self, n), v) for n, v in fields.items() if n in self.EDITABLE and getattr(self, n) != v}
        if not changes:
            return False
        for name, (_old, new) in changes.items():
            setattr(self, name, new)
        self.verified_at = self.verified_by_id = None
        details: dict[str, Any] = {"changes": changes, "changed_fields": sorted(changes)}
        if reverting is None:
            self._tell("documentUpdated", vessel, by=by, **details)
        else:
            self._tell("documentReverted", vessel, by=by, event_id=reverting, **details)
        return True

    def attach(self, vessel: Vessel, content: Content, *, by: Actor) -> bool:
        """The paper itself, as the next version of the one that is there; one of another kind takes its place. What was
        verified is another paper then. False when it is the same once more."""
        present = self._file()
        if present is not None and present.current.sha256 == content.sha256:
            return False
        if present is not None and extension_of(present.filename) in BY_MIME[content.mime].extensions:
            present.replace(content, by=by)
        else:
            category = self.kind if self.kind in list(Category) else Category.OTHER
            file = File.upload(content, port_id=self.port_id, by=by, record=vessel, category=category)
            self.file_id = file.id
            if present is not None:
                present.archive(by=by)
        self.verified_at = self.verified_by_id = None
        vessel.touch()
        db.session.flush()
        return True

    def _file(self) -> File | None:
        """Its file, locked, unless that is in the trash."""
        found = select(File).where(File.port_id == self.port_id, File.id == self.file_id, File.archived_at.is_(None))
        its = found.options(joinedload(File.current)).with_for_update(of=File)
        return db.session.scalars(its.execution_options(populate_existing=True)).one_or_none() if self.file_id else None

    def verify(self, vessel: Vessel, *, by: Actor) -> None:
        """Somebody has seen the paper and it says what stands here."""
        if self.verified_at is None:
            self.verified_at = now()
            self.verified_by_id = user_id_of(by)
            self._tell("documentVerified", vessel, by=by)

    def unverify(self, vessel: Vessel, *, by: Actor) -> None:
        if self.verified_at is not None:
            self.verified_at = self.verified_by_id = None
            self._tell("documentUnverified", vessel, by=by)

    def archive(self, vessel: Vessel, *, by: Actor) -> None:
        """Put away, and its file into the trash, where it stays for as long as the paper knows it."""
        if self.archived_at is None:
            self.archived_at = now()
            self._tell("documentRemoved", vessel, by=by)
            if file := self._file():
                file.archive(by=by)

    def restore(self, vessel: Vessel, *, by: Actor) -> None:
        """With the file that went along."""
        if self.archived_at is not None:
            went = select(File).where(File.port_id == self.port_id, File.id == self.file_id)
            file = db.session.scalars(went.where(File.archived_at >= self.archived_at).with_for_update()).one_or_none()
            self.archived_at = None
            self._tell("documentRestored", vessel, by=by)
            if file is not None:
                file.restore(by=by)

    def remind(self, vessel: Vessel, today: date, *, by: Actor) -> bool:
        """Tell of the step of the ladder that is due; False when it was told already, or none is. A new end begins
        the ladder anew."""
        step = step_of(self.valid_until, today) if self.valid_until else None
        if step is None or self.valid_until is None or not DocumentReminder.note(self, step):
            return False
        self._tell(
            "documentExpiring", vessel, by=by, valid_until=self.valid_until.isoformat(), step=step, touches=False
        )
        return True

    def _tell(self, happened: str, vessel: Vessel, *, by: Actor, touches: bool = True, **details: Any) -> None:
        """Documents have no page of their own: their vessel tells of them."""
        if touches:
            vessel.touch()
        about = [("client", vessel.client_id)]
        db.session.flush()
        record(
            f"vessel:{happened}",
            by=by,
            subject_type=vessel.subject_type,
            subject_id=vessel.id,
            port_id=vessel.port_id,
            told_in=about,
            name=vessel.name,
            document_id=self.id,
            document=self.kind,
            **details,
        )


class DocumentReminder(PortScoped, Base):
    """This step was told of a paper with this end, so it is not told again."""

    __tablename__ = "vessel_document_reminders"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("document_id", "valid_until", "step"),
        ForeignKeyConstraint(
            ["port_id", "document_id"], ["vessel_documents.port_id", "vessel_documents.id"], ondelete="CASCADE"
        ),
        Index("ix_vessel_document_reminders_port_id_document_id", "port_id", "document_id"),
    )

    document_id: Mapped[uuid.UUID]
    valid_until: Mapped[date]
    step: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = mapped_column(default=now)

    @classmethod
    def note(cls, document: Document, step: int) -> bool:
        """Whether this is the first time."""
        row = {
            "id": uuid7(),
            "port_id": document.port_id,
            "document_id": document.id,
            "valid_until": document.valid_until,
            "step": step,
            "created_at": now(),
        }
        written = insert(cls).values(row).on_conflict_do_nothing().returning(cls.id)
        return db.session.scalar(written) is not None


# --- Whether the papers of a vessel are in order


@dataclass(frozen=True)
class Paper:
    """How a vessel stands with one kind of paper: by the one that is good longest. `document` is None for a missing
    one; `days` are left, or below 0 past."""

    kind: str
    state: State
    document: Any = None
    days: int | None = None


def papers_of(documents: Iterable[Any], today: date) -> list[Paper]:
    """One for each kind there is, and for each that is required and missing; what needs somebody comes first."""
    best: dict[str, Any] = {}
    for document in documents:
        kept = best.get(document.kind)
        if kept is None or _end(document) > _end(kept):
            best[document.kind] = document
    found = [
        Paper(kind, state_of(one.valid_until, today), one, (one.valid_until - today).days if one.valid_until else None)
        for kind, one in best.items()
    ]
    found += [Paper(kind, State.MISSING) for kind in REQUIRED if kind not in best]
    order = [State.EXPIRED, State.EXPIRING, State.MISSING, State.VALID]
    kinds = [str(kind) for kind in DocumentKind]
    return sorted(found, key=lambda paper: (order.index(paper.state), kinds.index(paper.kind)))


def _end(document: Any) -> date:
    return document.valid_until or date.max


def documents_of(vessel: Vessel) -> list[Document]:
    """Those that stand, by kind, the one that is good longest first; with who verified them, and their files."""
    statement = (
        select(Document)
        .outerjoin(Document.verified_by)
        .where(Document.vessel_id == vessel.id, Document.archived_at.is_(None))
        .order_by(Document.kind, Document.valid_until.desc().nulls_first(), Document.id)
    )
    with_file = joinedload(Document.attached).joinedload(File.current)
    return list(db.session.scalars(statement.options(contains_eager(Document.verified_by), with_file)))
