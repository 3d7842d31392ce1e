"""File: something somebody uploaded, with every version of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    Computed,
    ForeignKeyConstraint,
    Index,
    Select,
    String,
    UniqueConstraint,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...errors import Refused
from ...events.models import Actor, record
from ...numbers import take_number
from ...sorting import sort_name
from .. import jobs
from ..content import Content
from .holders import HOLDERS, NOBODY, holder_of, subject_of
from .loose import LooseKey
from .picture import FilePicture
from .version import FileVersion, Look, Scan

if TYPE_CHECKING:
    from .folder import Folder


# Those of a record are about the record.
FILE_EVENTS = (
    "file:uploaded",
    "file:replaced",
    "file:versionRestored",
    "file:updated",
    "file:reverted",
    "file:moved",
    "file:deleted",
    "file:restored",
    "file:purged",
    "file:infected",
)


class Category(StrEnum):
    CONTRACT = "contract"
    IDENTITY = "identity"
    INSURANCE = "insurance"
    REGISTRATION = "registration"
    SURVEY = "survey"
    INVOICE = "invoice"
    LETTER = "letter"
    PHOTO = "photo"
    OTHER = "other"


@dataclass(frozen=True)
class Told:
    """The record in whose timeline something stands."""

    subject_type: str
    id: uuid.UUID


class File(Timestamped, Versioned, PortScoped, Base):
    """It lies with one record (`entity`, `entity_id`), or with nobody and then in a folder or outside all of them.

    Verbs: upload, replace, restore_version, update, move, archive, restore, purge. Each tells in the timeline of the
    record it lies with, else in its own.
    """

    __tablename__ = "files"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(["port_id", "folder_id"], ["folders.port_id", "folders.id"], ondelete="RESTRICT"),
        ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        Index("ix_files_client", "port_id", "client_id"),
        Index("ix_files_folder", "port_id", "folder_id"),
        *(
            Index(f"ix_files_{place}_{order}", "port_id", *columns, order, "id", postgresql_where=f"archived_at IS {n}")
            for place, columns, n in (
                ("folder", ("folder_id",), "NULL AND entity = 'general'"),
                ("record", ("entity", "entity_id"), "NULL"),
                ("current", (), "NULL"),
            )
            for order in ("sort_name", "updated_at")
        ),
        Index("ix_files_archived", "port_id", "archived_at", "id", postgresql_where="archived_at IS NOT NULL"),
    )
    subject_type = "file"

    number: Mapped[int]
    filename: Mapped[str] = mapped_column(String(200))
    sort_name: Mapped[str] = mapped_column(String(200, collation="C"))
    category: Mapped[str] = mapped_column(String(20), default=Category.OTHER)
    entity: Mapped[str] = mapped_column(String(20), default=NOBODY)
    entity_id: Mapped[uuid.UUID | None]
    # So that the database keeps the file with its client.
    client_id: Mapped[uuid.UUID | None] = mapped_column(
        Computed("CASE WHEN entity = 'clients' THEN entity_id END", persisted=True)
    )
    folder_id: Mapped[uuid.UUID | None]
    archived_at: Mapped[datetime | None]

    current: Mapped[FileVersion] = relationship(
        primaryjoin="and_(File.id == foreign(FileVersion.file_id), FileVersion.is_current)",
        viewonly=True,
        lazy="raise",
        uselist=False,
    )

    EDITABLE = ("filename", "category")

    @property
    def room(self) -> str:
        return f"file:{self.id}"

    @property
    def rooms(self) -> list[str]:
        """Where those listen who look at it, or at a list it stands in."""
        place = f"{self.entity}:{self.entity_id}" if self.entity_id else f"folder:{self.folder_id or 'none'}"
        return [self.room, f"port:{self.port_id}:files", f"port:{self.port_id}:files:{place}"]

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def told_in(self) -> Told | None:
        """The record in whose timeline its changes stand; None where that is its own."""
        subject = subject_of(self.entity, self.entity_id)
        return Told(*subject) if subject else None

    @property
    def about(self) -> tuple[str, uuid.UUID]:
        """Kind and id of what its events are about."""
        return subject_of(self.entity, self.entity_id) or (self.subject_type, self.id)

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """Those that lie with nobody, and those of records the member may open; also from the trash."""
        seen = [cls.entity == NOBODY]
        for holder in HOLDERS.values():
            is_its = cls.entity == holder.entity
            all_seen = member.can(holder.seen_with)
            seen.append(is_its if all_seen else is_its & cls.entity_id.in_(holder.visible(member)))
        return select(cls).where(cls.port_id == member.here().id, or_(*seen))

    @classmethod
    def upload(
        cls,
        content: Content,
        *,
        port_id: uuid.UUID,
        by: Actor,
        record: Any = None,
        folder: Folder | None = None,
        category: str = Category.OTHER,
    ) -> Self:
        """A new file of content that `incoming.keep` has put into the storage: of the record, or in the folder.

        Raises Refused when the folder was deleted meanwhile, or when the content lay about for a day.
        """
        if folder is not None:
            folder.hold()
        file = cls(
            port_id=port_id,
            number=take_number(port_id, "file"),
            filename=content.filename,
            sort_name=sort_name(content.filename),
            category=category,
            entity=holder_of(record).entity if record is not None else NOBODY,
            entity_id=record.id if record is not None else None,
            folder_id=folder.id if folder is not None else None,
        )
        db.session.add(file)
        db.session.flush()
        file._add(content, ordinal=1, by=by)
        file._record("uploaded", by=by, is_new=record is None, category=file.category)
        return file

    def replace(self, content: Content, *, by: Actor) -> None:
        """A new version; the ones before are kept. The file keeps its name. Its row is locked."""
        ordinal = (db.session.scalar(select(func.max(FileVersion.ordinal)).where(self._its_versions())) or 0) + 1
        self._set_current(None)
        self._add(content, ordinal=ordinal, by=by)
        self.updated_at = now()
        self._record("replaced", by=by, ordinal=ordinal)

    def restore_version(self, version: FileVersion, *, by: Actor) -> bool:
        """Make an earlier version the current one; the others stay. False when it is the current one. Its row is
        locked."""
        if version.is_current:
            return False
        self._set_current(version.id)
        self.updated_at = now()
        self._record("versionRestored", by=by, ordinal=version.ordinal)
        return True

    def update(self, fields: Mapping[str, Any], *, by: Actor, reverting: uuid.UUID | None = None) -> bool:
        """Another name or category; False when nothing differs. `reverting`: the event that this takes back."""
        changes = {name: (getattr(self, name), fields[name]) for name in self.EDITABLE if name in fields}
        changes = {name: (old, new) for name, (old, new) in changes.items() if old != new}
        if not changes:
            return False
        for name, (_old, new) in changes.items():
            setattr(self, name, new)
        self.sort_name = sort_name(self.filename)
        named = sorted(changes)
        if reverting is None:
            self._record("updated", by=by, changes=changes, changed_fields=named)
        else:
            self._record("reverted", by=by, changes=changes, changed_fields=named, event_id=reverting)
        return True

    def move(self, folder: Folder | None, *, by: Actor) -> bool:
        """Into a folder, or out of all; False when it is there. Raises Refused for a file of a record, and when the
        folder was deleted meanwhile."""
        folder_id = folder.id if folder else None
        if folder_id == self.folder_id:
            return False
        if self.entity != NOBODY:
            raise Refused(_("A file of a record stays with it and is in no folder."))
        if folder is not None:
            folder.hold()
        self.folder_id = folder_id
        self._record("moved", by=by, folder=folder.name if folder else "")
        return True

    def archive(self, *, by: Actor) -> None:
        """Into the trash; everything of it is kept for TRASH_KEPT."""
        if self.archived_at is None:
            self.archived_at = now()
            self._record("deleted", by=by)

    def restore(self, *, by: Actor) -> None:
        """Out of the trash, to where it was; out of all folders when that one is deleted."""
        if self.archived_at is not None:
            self.archived_at = None
            self._record("restored", by=by)

    def purge(self, *, by: Actor) -> None:
        """Out of the trash for good; what lay in the storage is loose from now on."""
        LooseKey.note(self.keys(), port_id=self.port_id, since=self.archived_at)
        self._record("purged", by=by)
        db.session.delete(self)
        db.session.flush()

    def tell_infected(self, ordinal: int, signature: str, *, by: Actor) -> None:
        self._record("infected", by=by, ordinal=ordinal, signature=signature)

    def keys(self) -> list[str]:
        """Where its versions and the pictures of them lie."""
        looks = select(FilePicture.storage_key).join(FileVersion, FilePicture.version_id == FileVersion.id)
        versions = select(FileVersion.storage_key).where(self._its_versions())
        return list(db.session.scalars(versions.union_all(looks.where(self._its_versions()))))

    def _its_versions(self) -> Any:
        return (FileVersion.port_id == self.port_id) & (FileVersion.file_id == self.id)

    def _set_current(self, version_id: uuid.UUID | None) -> None:
        """One at a time is the current one: the old one steps back before the new one does."""
        its = update(FileVersion).where(self._its_versions())
        db.session.execute(its.where(FileVersion.is_current).values(is_current=False))
        if version_id is not None:
            db.session.execute(its.where(FileVersion.id == version_id).values(is_current=True))

    def _add(self, content: Content, *, ordinal: int, by: Actor) -> None:
        if not LooseKey.claim(content.key):
            raise Refused(_("This upload was left unfinished for too long. Send the file again."))
        version = FileVersion.of(self, content, ordinal=ordinal, by=by)
        db.session.add(version)
        db.session.flush()
        if version.scan_status == Scan.PENDING:
            jobs.scan_version.later(version_id=version.id)
        if version.look == Look.PENDING:
            jobs.look_at.later(version_id=version.id)

    def _record(
        self,
        happened: str,
        /,
        *,
        by: Actor,
        changes: Mapping[str, tuple[Any, Any]] | None = None,
        is_new: bool = False,
        **details: Any,
    ) -> None:
        db.session.flush()
        subject_type, subject_id = self.about
        record(
            f"file:{happened}",
            by=by,
            subject_type=subject_type,
            subject_id=subject_id,
            port_id=self.port_id,
            changes=changes,
            is_new=is_new,
            file_id=self.id,
            filename=self.filename,
            client_id=self.client_id,
            **details,
        )
