"""Topics of files, what each event shows on open screens, and how timelines tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from sqlalchemy import select

from .. import live
from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reactions import on
from ..events.subjects import families, numbered, subjects
from ..events.timeline import FieldWords, describes, tells
from ..numbers import one_numbered
from .labels import CATEGORY_WORDS
from .models import FILE_EVENTS, File, Folder

FOLDER_EVENTS = ("folder:created", "folder:updated", "folder:moved", "folder:deleted", "folder:restored")


@live.topic("files")
def files_topic(member: Member, key: str | None) -> str | None:
    """Every list of files: what changed is not said, only that something did."""
    return f"port:{member.here().id}:files" if member.can("files.view") and key is None else None


@live.topic("file")
def file_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(File, File.visible_to(member), key) if member.can("files.view") else None
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

tells("file:uploaded", lazy_gettext("uploaded “%(filename)s”"), icon="upload", tone="ok", personal=NAMED)
tells(
    "file:replaced",
    lazy_gettext("uploaded version %(ordinal)s of “%(filename)s”"),
    icon="file-up",
    tone="info",
    personal=NAMED,
)
tells(
    "file:versionRestored",
    lazy_gettext("made version %(ordinal)s of “%(filename)s” the current one again"),
    icon="rotate-ccw",
    personal=NAMED,
)
tells("file:updated", lazy_gettext("changed the file “%(filename)s”"), icon="pencil", personal=NAMED)
tells("file:reverted", lazy_gettext("took a change of the file “%(filename)s” back"), icon="rotate-ccw", personal=NAMED)
tells("file:deleted", lazy_gettext("deleted the file “%(filename)s”"), icon="trash-2", tone="warn", personal=NAMED)
tells(
    "file:restored", lazy_gettext("put the file “%(filename)s” back"), icon="archive-restore", tone="ok", personal=NAMED
)
tells("file:purged", lazy_gettext("removed “%(filename)s” from the trash for good"), icon="trash-2", personal=NAMED)
tells(
    "file:infected",
    lazy_gettext("found a virus in “%(filename)s” (%(signature)s)"),
    icon="shield-alert",
    tone="bad",
    personal=NAMED,
)


@tells("file:moved", icon="folder-input", personal=(*NAMED, "folder"))
def _moved(details: Mapping[str, Any]) -> str:
    if folder := details.get("folder"):
        return _("moved “%(name)s” into the folder “%(folder)s”", name=details["filename"], folder=folder)
    return _("moved “%(name)s” out of its folder", name=details["filename"])


tells("folder:created", lazy_gettext("made this folder"), icon="folder-plus", tone="ok")
tells("folder:updated", lazy_gettext("renamed this folder"), icon="pencil")


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

SEEN = ("files.view",)
subjects("file", lazy_gettext("File"))(numbered(File, File.filename, "files.show", needs=SEEN))
subjects("folder", lazy_gettext("Folder"))(numbered(Folder, Folder.name, "files.show_folder", needs=SEEN))
families("file", lazy_gettext("Files"))
families("folder", lazy_gettext("Folders"))
