"""Folder: a place for files that belong to no record; folders stand in folders."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    Integer,
    Select,
    String,
    UniqueConstraint,
    delete,
    exists,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from ...current import Member
from ...db import Base, PortScoped, Timestamped, Versioned, db, now
from ...errors import Refused
from ...events.models import Actor, Recorded
from ...numbers import take_number
from ...sorting import sort_name
from .file import File

DEEPEST = 12

LOCK_TREE = text("SELECT pg_advisory_xact_lock(hashtextextended('folders ' || CAST(:port AS text), 0))")


class Folder(Recorded, Timestamped, Versioned, PortScoped, Base):
    """Verbs: create, rename, move, archive, restore. Those that change the tree lock all of it first, and a trigger
    keeps it a tree."""

    __tablename__ = "folders"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("port_id", "number"),
        ForeignKeyConstraint(["port_id", "parent_id"], ["folders.port_id", "folders.id"], ondelete="RESTRICT"),
        Index("ix_folders_parent", "port_id", "parent_id"),
        Index(
            "uq_folders_siblings",
            "port_id",
            "parent_id",
            "name_key",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where="archived_at IS NULL",
        ),
    )
    subject_type = "folder"

    number: Mapped[int]
    parent_id: Mapped[uuid.UUID | None]
    name: Mapped[str] = mapped_column(String(100))
    # As it is told apart: names that differ in upper and lower case alone are one.
    name_key: Mapped[str] = mapped_column(String(300))
    sort_name: Mapped[str] = mapped_column(String(200, collation="C"))
    archived_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, member: Member) -> Select[Self]:
        """Those that are not deleted: whoever sees files sees every folder."""
        return select(cls).where(cls.port_id == member.here().id, cls.archived_at.is_(None))

    @classmethod
    def all_of(cls, member: Member) -> Select[Self]:
        """The deleted ones too."""
        return select(cls).where(cls.port_id == member.here().id)

    @staticmethod
    def path_of(folder_id: uuid.UUID) -> list[Folder]:
        """From the outermost folder to this one."""
        return path_to(folder_id)

    @classmethod
    def create(cls, name: str, *, parent: Folder | None = None, port_id: uuid.UUID, by: Actor) -> Self:
        """Raises Refused for a name that is taken there, and for the thirteenth folder inside another."""
        lock_tree(port_id)
        if parent is not None and len(parent.path()) >= DEEPEST:
            raise Refused(_("Folders go %(count)d deep at most. Make it further up.", count=DEEPEST))
        parent_id = parent.id if parent else None
        check_name(name, port_id=port_id, parent_id=parent_id)
        folder = cls(port_id=port_id, number=take_number(port_id, "folder"), parent_id=parent_id)
        folder._name(name)
        db.session.add(folder)
        folder.record("created", by=by, is_new=True, name=name)
        return folder

    def rename(self, name: str, *, by: Actor) -> bool:
        """False when it is called so already. Raises Refused for a name that is taken beside it."""
        if name == self.name:
            return False
        lock_tree(self.port_id)
        check_name(name, port_id=self.port_id, parent_id=self.parent_id, besides=self.id)
        before = self.name
        self._name(name)
        self.record("updated", by=by, changes={"name": (before, name)}, name=name, changed_fields=["name"])
        return True

    def move(self, parent: Folder | None, *, by: Actor) -> bool:
        """Into another folder, with all that is in it; False when it is there already. Raises Refused."""
        parent_id = parent.id if parent else None
        if parent_id == self.parent_id:
            return False
        lock_tree(self.port_id)
        above = parent.path() if parent else []
        if any(folder.id == self.id for folder in above):
            raise Refused(_("A folder cannot go into itself or into a folder inside it."))
        if len(above) + self._height() > DEEPEST:
            raise Refused(_("Folders go %(count)d deep at most.", count=DEEPEST))
        check_name(self.name, port_id=self.port_id, parent_id=parent_id)
        self.parent_id = parent_id
        self.record("moved", by=by, name=self.name, parent=parent.name if parent else "")
        return True

    def archive(self, *, by: Actor) -> None:
        """Into the trash, with every folder and file in it; once."""
        if self.archived_at is not None:
            return
        lock_tree(self.port_id)
        moment, ids = now(), self._below()
        folders = _stamp(Folder, Folder.id.in_(ids), None, moment)
        files = _stamp(File, File.folder_id.in_(ids), None, moment)
        db.session.refresh(self)
        self.record("deleted", by=by, name=self.name, files=files, folders=folders - 1)

    def restore(self, *, by: Actor) -> None:
        """Out of the trash, with what went there together with it. Raises Refused where its place or name is taken."""
        if self.archived_at is None:
            return
        lock_tree(self.port_id)
        if self.parent_id is not None and _is_deleted(self.parent_id):
            raise Refused(_("The folder it was in is deleted. Restore that one first."))
        check_name(self.name, port_id=self.port_id, parent_id=self.parent_id)
        moment, ids = self.archived_at, self._below()
        folders = _stamp(Folder, Folder.id.in_(ids), moment, None)
        files = _stamp(File, File.folder_id.in_(ids), moment, None)
        db.session.refresh(self)
        self.record("restored", by=by, name=self.name, files=files, folders=folders - 1)

    def hold(self) -> None:
        """Until the transaction ends nobody deletes it. Raises Refused when somebody has."""
        statement = select(Folder.archived_at).where(Folder.id == self.id).with_for_update(read=True)
        if db.session.scalars(statement).one() is not None:
            raise Refused(_("The folder “%(name)s” was deleted meanwhile.", name=self.name))

    @classmethod
    def purge(cls, *, before: datetime) -> None:
        """Remove those deleted so long ago in which nothing is any more."""
        inner = aliased(cls)
        is_empty = ~exists().where(inner.parent_id == cls.id) & ~exists().where(File.folder_id == cls.id)
        db.session.execute(delete(cls).where(cls.archived_at < before, is_empty))

    def path(self) -> list[Folder]:
        """From the outermost folder to this one: one statement."""
        return path_to(self.id)

    def counts(self) -> tuple[int, int]:
        """How many folders and files would go with it."""
        ids = self._below()
        folders = select(func.count()).where(Folder.id.in_(ids), Folder.archived_at.is_(None))
        files = select(func.count()).where(File.folder_id.in_(ids), File.archived_at.is_(None))
        return (db.session.scalar(folders) or 1) - 1, db.session.scalar(files) or 0

    def _name(self, name: str) -> None:
        self.name, self.name_key, self.sort_name = name, name.casefold(), sort_name(name)

    def _below(self) -> Select[Any]:
        """The ids of this folder and of all inside it."""
        inside = select(Folder.id).where(Folder.id == self.id).cte("inside", recursive=True)
        inside = inside.union(select(Folder.id).join(inside, Folder.parent_id == inside.c.id))
        return select(inside.c.id)

    def _height(self) -> int:
        """How many folders deep it is, itself included."""
        depth = literal_column("1", Integer).label("depth")
        inside = select(Folder.id, depth).where(Folder.id == self.id).cte("inside", recursive=True)
        deeper = select(Folder.id, inside.c.depth + 1).join(inside, Folder.parent_id == inside.c.id)
        inside = inside.union_all(deeper.where(Folder.archived_at.is_(None)))
        return db.session.scalar(select(func.max(inside.c.depth))) or 1


class NameTaken(Refused):
    """A folder beside it is called so."""


def lock_tree(port_id: uuid.UUID) -> None:
    """Until the transaction ends nobody else changes where the port's folders stand."""
    db.session.execute(LOCK_TREE, {"port": str(port_id)})


def check_name(name: str, *, port_id: uuid.UUID, parent_id: uuid.UUID | None, besides: uuid.UUID | None = None) -> None:
    """Raises NameTaken when another folder there is called so."""
    taken = select(Folder.id).where(
        Folder.port_id == port_id,
        Folder.parent_id.is_(None) if parent_id is None else Folder.parent_id == parent_id,
        Folder.name_key == name.casefold(),
        Folder.archived_at.is_(None),
    )
    if any(folder_id != besides for folder_id in db.session.scalars(taken)):
        raise NameTaken(_("There is a folder “%(name)s” here already. Choose another name.", name=name))


def path_to(folder_id: uuid.UUID) -> list[Folder]:
    depth = literal_column("0", Integer).label("depth")
    above = select(Folder.id, Folder.parent_id, depth).where(Folder.id == folder_id).cte("above", recursive=True)
    above = above.union_all(
        select(Folder.id, Folder.parent_id, above.c.depth + 1).join(above, Folder.id == above.c.parent_id)
    )
    statement = select(Folder).join(above, above.c.id == Folder.id).order_by(above.c.depth.desc())
    return list(db.session.scalars(statement))


def tree_of(member: Member) -> list[tuple[Folder, int]]:
    """Every folder of the port with its depth, each below the one it stands in: one statement."""
    found: Sequence[Folder] = db.session.scalars(Folder.visible_to(member).order_by(Folder.sort_name, Folder.id)).all()
    inside: dict[uuid.UUID | None, list[Folder]] = {}
    for folder in found:
        inside.setdefault(folder.parent_id, []).append(folder)

    def walk(parent_id: uuid.UUID | None, depth: int) -> list[tuple[Folder, int]]:
        return [line for folder in inside.get(parent_id, []) for line in ((folder, depth), *walk(folder.id, depth + 1))]

    return walk(None, 0)


def _is_deleted(folder_id: uuid.UUID) -> bool:
    return db.session.scalar(select(Folder.archived_at).where(Folder.id == folder_id)) is not None


def _stamp(model: Any, where: Any, old: datetime | None, new: datetime | None) -> int:
    """Move those with the one moment of deletion to the other; how many."""
    is_old = model.archived_at.is_(None) if old is None else model.archived_at == old
    changed = update(model).where(where, is_old).values(archived_at=new, version=model.version + 1)
    ids = db.session.scalars(changed.returning(model.id), execution_options={"synchronize_session": False}).all()
    return len(ids)
