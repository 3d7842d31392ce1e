"""FileVersion: what was uploaded once, with what scanner and preview found."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...db import Base, PortScoped, db, now
from ...events.models import Actor, user_id_of
from ...identity.models import User
from .. import jobs
from ..content import LOOKED_AT, Content
from .loose import LooseKey
from .picture import FilePicture

if TYPE_CHECKING:
    from .file import File


class Scan(StrEnum):
    """What the virus scanner says of a version. UNSCANNED: there was no scanner when it came."""

    UNSCANNED = "unscanned"
    PENDING = "pending"
    CLEAN = "clean"
    INFECTED = "infected"
    FAILED = "failed"


class Look(StrEnum):
    """Whether there are pictures of a version to look at. NONE: nothing of this kind can be shown."""

    NONE = "none"
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


class FileVersion(PortScoped, Base):
    """What was uploaded once; nothing of it changes but what scanner and preview found."""

    __tablename__ = "file_versions"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("storage_key"),
        UniqueConstraint("port_id", "file_id", "ordinal"),
        ForeignKeyConstraint(["port_id", "file_id"], ["files.port_id", "files.id"], ondelete="CASCADE"),
        Index("ix_file_versions_file", "port_id", "file_id"),
        Index("uq_file_versions_current", "file_id", unique=True, postgresql_where="is_current"),
        Index("ix_file_versions_scan", "port_id", postgresql_where="scan_status IN ('pending', 'failed')"),
    )

    file_id: Mapped[uuid.UUID]
    ordinal: Mapped[int]
    is_current: Mapped[bool]
    storage_key: Mapped[str]
    filename: Mapped[str] = mapped_column(String(200))
    mime: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    uploaded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    scan_status: Mapped[str] = mapped_column(String(10), default=Scan.UNSCANNED)
    scanned_at: Mapped[datetime | None]
    scan_words: Mapped[str] = mapped_column(String(200), default="")
    look: Mapped[str] = mapped_column(String(10), default=Look.NONE)
    pages: Mapped[int] = mapped_column(default=0)

    uploaded_by: Mapped[User | None] = relationship(foreign_keys=[uploaded_by_id], viewonly=True, lazy="raise")

    @classmethod
    def of(cls, file: File, content: Content, *, ordinal: int, by: Actor) -> Self:
        return cls(
            port_id=file.port_id,
            file_id=file.id,
            ordinal=ordinal,
            is_current=True,
            storage_key=content.key,
            filename=content.filename,
            mime=content.mime,
            size=content.size,
            sha256=content.sha256,
            uploaded_by_id=user_id_of(by),
            scan_status=Scan.PENDING if content.is_to_be_scanned else Scan.UNSCANNED,
            look=Look.PENDING if content.mime in LOOKED_AT else Look.NONE,
        )

    @property
    def may_be_opened(self) -> bool:
        return self.scan_status != Scan.INFECTED

    @classmethod
    def not_scanned(cls) -> list[uuid.UUID]:
        """Those the scanner could not say anything of, in the port in force."""
        return list(db.session.scalars(select(cls.id).where(cls.scan_status == Scan.FAILED)))

    def scan_again(self) -> bool:
        """Ask the scanner about a version it could not say anything of; False for all others."""
        if self.scan_status != Scan.FAILED:
            return False
        self.scan_status = Scan.PENDING
        jobs.scan_version.later(version_id=self.id)
        return True

    def note_scan(self, signature: str, *, by: Actor) -> None:
        """What the scanner found; nothing is a clean file."""
        self.scan_status, self.scan_words = (Scan.INFECTED if signature else Scan.CLEAN), signature[:200]
        self.scanned_at = now()
        if signature:
            from .file import File  # which needs versions

            file = db.session.scalars(select(File).where(File.id == self.file_id)).one()
            file.tell_infected(self.ordinal, signature, by=by)

    def note_look(self, pages: int, pictures: Mapping[str, Any]) -> None:
        """Its pictures, by where they lie; without any there is nothing to look at."""
        self.look, self.pages = (Look.READY if pictures else Look.FAILED), pages
        for key, picture in pictures.items():
            if LooseKey.claim(key):
                db.session.add(FilePicture.of(self, key, picture))
