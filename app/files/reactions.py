"""Topics of files, what each event shows on open screens, and how timelines tell of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from sqlalchemy import select

from .. import live
from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reactions import on
from ..events.subjects import Shown, families, subjects
from ..events.timeline import FieldWords, describes, tells
from ..numbers import has_number
from .labels import CATEGORY_WORDS
from .models import FILE_EVENTS, File, Folder

FOLDER_EVENTS = ("folder:created", "folder:updated", "folder:moved", "folder:deleted", "folder:restored")


@live.topic("files")
def files_topic(member: Member, key: str | None) -> str | None:
    """Every list of files: what changed is not said, only that something did."""
    return f"port:{member.here().id}:files" if member.can("files.view") and key is None else None


@live.topic("file")
def file_topic(member: Member, key: str | None) -> str | None:
    if not member.can("files.view") or not key or not (key.isascii() and key.isdecimal()) or len(key) > 10:
        return None
    found = db.session.scalars(File.visible_to(member).where(has_number(File, int(key)))).one_or_none()
    return found.room if found else None


@on(*FILE_EVENTS)
def show_file(event: Event) -> None:
    """The pages of files, and of the record it lies with."""
    live.refresh(f"port:{event.port_id}:files")
    is_its_own = event.subject_type == File.subject_type
    statement = select(File.id).where(File.id == event.subject_id if is_its_own else File.entity_id == event.subject_id)
    for file_id in db.session.scalars(statement.limit(200)):
        live.refresh(f"file:{file_id}")


@on(*FOLDER_EVENTS)
def show_folders(event: Event) -> None:
    live.refresh(f"port:{event.port_id}:files")


# --- How the timeline tells of it

describes(
    FILE_EVENTS,
    {
        "filename": FieldWords(lazy_gettext("Name"), personal=True),
        "category": FieldWords(lazy_gettext("Kind"), lambda value: str(CATEGORY_WORDS.get(value, value or ""))),
    },
)
describes(FOLDER_EVENTS, {"name": FieldWords(lazy_gettext("Name"))})

NAMED = ("filename",)


def named(details: Mapping[str, Any]) -> str:
    return str(details.get("filename", ""))


@tells("file:uploaded", icon="upload", tone="ok", personal=NAMED)
def _uploaded(details: Mapping[str, Any]) -> str:
    return _("uploaded “%(name)s”", name=named(details))


@tells("file:replaced", icon="file-up", tone="info", personal=NAMED)
def _replaced(details: Mapping[str, Any]) -> str:
    return _("uploaded version %(ordinal)s of “%(name)s”", ordinal=details.get("ordinal", ""), name=named(details))


@tells("file:versionRestored", icon="rotate-ccw", personal=NAMED)
def _version_restored(details: Mapping[str, Any]) -> str:
    words = {"ordinal": details.get("ordinal", ""), "name": named(details)}
    return _("made version %(ordinal)s of “%(name)s” the current one again", **words)


@tells("file:updated", icon="pencil", personal=NAMED)
def _updated(details: Mapping[str, Any]) -> str:
    return _("changed the file “%(name)s”", name=named(details))


@tells("file:reverted", icon="rotate-ccw", personal=NAMED)
def _reverted(details: Mapping[str, Any]) -> str:
    return _("took a change of the file “%(name)s” back", name=named(details))


@tells("file:moved", icon="folder-input", personal=(*NAMED, "folder"))
def _moved(details: Mapping[str, Any]) -> str:
    if folder := details.get("folder"):
        return _("moved “%(name)s” into the folder “%(folder)s”", name=named(details), folder=folder)
    return _("moved “%(name)s” out of its folder", name=named(details))


@tells("file:deleted", icon="trash-2", tone="warn", personal=NAMED)
def _deleted(details: Mapping[str, Any]) -> str:
    return _("deleted the file “%(name)s”", name=named(details))


@tells("file:restored", icon="archive-restore", tone="ok", personal=NAMED)
def _restored(details: Mapping[str, Any]) -> str:
    return _("put the file “%(name)s” back", name=named(details))


@tells("file:purged", icon="trash-2", personal=NAMED)
def _purged(details: Mapping[str, Any]) -> str:
    return _("removed “%(name)s” from the trash for good", name=named(details))


@tells("file:infected", icon="shield-alert", tone="bad", personal=NAMED)
def _infected(details: Mapping[str, Any]) -> str:
    words = {"signature": details.get("signature", ""), "name": named(details)}
    return _("found a virus in “%(name)s” (%(signature)s)", **words)


@tells("folder:created", icon="folder-plus", tone="ok")
def _folder_created(details: Mapping[str, Any]) -> str:
    return _("made this folder")


@tells("folder:updated", icon="pencil")
def _folder_updated(details: Mapping[str, Any]) -> str:
    return _("renamed this folder")


@tells("folder:moved", icon="folder-input")
def _folder_moved(details: Mapping[str, Any]) -> str:
    if parent := details.get("parent"):
        return _("moved this folder into “%(parent)s”", parent=parent)
    return _("moved this folder out of the one it was in")


@tells("folder:deleted", icon="trash-2", tone="warn")
def _folder_deleted(details: Mapping[str, Any]) -> str:
    files = int(details.get("files", 0))
    return ngettext("deleted this folder with %(num)d file", "deleted this folder with %(num)d files", files)


@tells("folder:restored", icon="archive-restore", tone="ok")
def _folder_restored(details: Mapping[str, Any]) -> str:
    files = int(details.get("files", 0))
    return ngettext("put this folder back with %(num)d file", "put this folder back with %(num)d files", files)


# --- What the audit log calls them, and where their pages are


@subjects("file", lazy_gettext("File"))
def _files_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    if not member.can("files.view"):
        return {}
    seen = File.visible_to(member).where(File.id.in_(ids))
    rows = db.session.execute(seen.with_only_columns(File.id, File.number, File.filename))
    return {row.id: Shown(row.filename, url_for("files.show", number=row.number)) for row in rows}


@subjects("folder", lazy_gettext("Folder"))
def _folders_shown(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    if not member.can("files.view"):
        return {}
    seen = Folder.visible_to(member).where(Folder.id.in_(ids))
    rows = db.session.execute(seen.with_only_columns(Folder.id, Folder.number, Folder.name))
    return {row.id: Shown(row.name, url_for("files.show_folder", number=row.number)) for row in rows}


families("file", lazy_gettext("Files"))
families("folder", lazy_gettext("Folders"))
