"""The lists of files: what a row shows, which place they are of, and what stands beside them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import contains_eager, outerjoin

from ..current import Member
from ..db import db
from ..events.subjects import Shown, shown_of
from ..identity.models import User
from ..paging import Columns, Filter, Page, Sort, chosen_of, paginate
from ..sorting import sort_name
from .labels import CATEGORIES
from .models import HOLDERS, NOBODY, File, FilePicture, FileVersion, Folder

SORTS = (
    Sort("name", lazy_gettext("Name"), File.sort_name),
    Sort("updated", lazy_gettext("Last change"), File.updated_at, descending=True),
)
IN_TRASH = (Sort("deleted", lazy_gettext("Deleted"), File.archived_at, descending=True),)

ROW = (
    File.id,
    File.number,
    File.filename,
    File.category,
    File.entity,
    File.entity_id,
    File.folder_id,
    File.updated_at,
    File.archived_at,
    FileVersion.ordinal,
    FileVersion.mime,
    FileVersion.size,
    FileVersion.look,
    FileVersion.scan_status,
    User.name.label("uploader"),
)
JOINED = outerjoin(
    File,
    FileVersion,
    (FileVersion.port_id == File.port_id) & (FileVersion.file_id == File.id) & FileVersion.is_current,
).outerjoin(User, User.id == FileVersion.uploaded_by_id)


def row_columns(scope: Select[Any]) -> Columns:
    return scope.with_only_columns(*ROW).select_from(JOINED)


def asked_filters() -> list[Filter]:
    return chosen_of([("category", _("Kind"), [(str(value), label) for value, label in CATEGORIES])])


def asked_words() -> str:
    return request.args.get("q", "").replace("\x00", "").strip()[:100]


def narrowed(scope: Select[Any], filters: Iterable[Filter], words: str) -> Select[Any]:
    for chosen in filters:
        if chosen.value:
            scope = scope.where(File.category == chosen.value)
    return scope.where(File.sort_name.contains(sort_name(words), autoescape=True)) if words else scope


def in_folder(member: Member, folder: Folder | None) -> Select[Any]:
    where = File.folder_id == folder.id if folder else File.folder_id.is_(None)
    return File.visible_to(member).where(File.entity == NOBODY, where, File.archived_at.is_(None))


def everywhere(member: Member) -> Select[Any]:
    return File.visible_to(member).where(File.archived_at.is_(None))


def with_records(member: Member) -> Select[Any]:
    return everywhere(member).where(File.entity != NOBODY)


def of_record(entity: str, entity_id: uuid.UUID) -> Select[Any]:
    """For a record that was found through the member."""
    return select(File).where(File.entity == entity, File.entity_id == entity_id, File.archived_at.is_(None))


def file_page(scope: Select[Any]) -> Page:
    """The page of the list the query string asks for: one statement."""
    return paginate(row_columns(scope), scope, id_column=File.id, sorts=SORTS)


def trash_page(member: Member) -> Page:
    scope = File.visible_to(member).where(File.archived_at.is_not(None))
    return paginate(row_columns(scope), scope, id_column=File.id, sorts=IN_TRASH)


INSIDE = (
    select(func.count())
    .select_from(File)
    .where(File.port_id == Folder.port_id, File.folder_id == Folder.id, File.archived_at.is_(None))
    .correlate(Folder)
    .scalar_subquery()
)


def folders_in(member: Member, folder: Folder | None, *, words: str = "") -> list[Row[Any]]:
    """The folders of a place with how many files lie right in each; all whose name holds the words, when there are."""
    scope = Folder.visible_to(member).with_only_columns(
        Folder.id, Folder.number, Folder.name, Folder.updated_at, INSIDE.label("files")
    )
    if words:
        scope = scope.where(Folder.sort_name.contains(sort_name(words), autoescape=True))
    else:
        scope = scope.where(Folder.parent_id == folder.id if folder else Folder.parent_id.is_(None))
    return list(db.session.execute(scope.order_by(Folder.sort_name, Folder.id).limit(200)))


def deleted_folders(member: Member) -> list[Folder]:
    """Those that were deleted themselves, not along with the one around them."""
    outer = select(Folder.id, Folder.archived_at).subquery()
    statement = (
        select(Folder)
        .outerjoin(outer, outer.c.id == Folder.parent_id)
        .where(Folder.port_id == member.here().id, Folder.archived_at.is_not(None))
        .where(outer.c.archived_at.is_distinct_from(Folder.archived_at))
        .order_by(Folder.archived_at.desc(), Folder.id)
        .limit(200)
    )
    return list(db.session.scalars(statement))


def places_of(member: Member, rows: Iterable[Any]) -> Mapping[uuid.UUID, Shown]:
    """Where files lie, by the file's id: the record or the folder. One statement a kind of record, one for folders."""
    rows = list(rows)
    kinds = {entity: holder.model.subject_type for entity, holder in HOLDERS.items()}
    about = {row.id: (kinds[row.entity], row.entity_id) for row in rows if row.entity in kinds}
    records = shown_of(member, set(about.values()))
    wanted = {row.folder_id for row in rows if row.folder_id}
    names = select(Folder.id, Folder.name).where(Folder.id.in_(wanted))
    folders = {row.id: Shown(row.name) for row in db.session.execute(names)} if wanted else {}
    found = {file_id: records[key] for file_id, key in about.items() if key in records}
    return found | {row.id: folders[row.folder_id] for row in rows if row.folder_id in folders}


def versions_of(file: File) -> list[FileVersion]:
    """All of them, the newest first."""
    statement = (
        select(FileVersion)
        .outerjoin(FileVersion.uploaded_by)
        .options(contains_eager(FileVersion.uploaded_by))
        .where(FileVersion.port_id == file.port_id, FileVersion.file_id == file.id)
        .order_by(FileVersion.ordinal.desc())
        .limit(200)
    )
    return list(db.session.scalars(statement))


def pictures_of(version: FileVersion) -> list[FilePicture]:
    """Its pages, without the small picture of lists."""
    its = (FilePicture.port_id == version.port_id) & (FilePicture.version_id == version.id)
    return list(db.session.scalars(select(FilePicture).where(its, FilePicture.page > 0).order_by(FilePicture.page)))


def picture_key(file: Select[Any], ordinal: int, page: int) -> Select[str]:
    """Where the picture of a page lies; nothing for an infected version."""
    return (
        file.join(FileVersion, (FileVersion.port_id == File.port_id) & (FileVersion.file_id == File.id))
        .join(FilePicture, FilePicture.version_id == FileVersion.id)
        .where(FileVersion.ordinal == ordinal, FilePicture.page == page, FileVersion.scan_status != "infected")
        .with_only_columns(FilePicture.storage_key)
    )
