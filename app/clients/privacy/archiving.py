"""Putting together everything that is held about a client: a page to read and print, the same as data, and files."""

from __future__ import annotations

import json
import re
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

import redis
from flask import current_app, render_template
from flask_babel import gettext as _
from sqlalchemy import select, union

from ... import formats, live, storage
from ...changes.jobs import Asker
from ...current import CurrentPort
from ...db import db, now
from ...events.models import Event, EventMention
from ...events.timeline import Entry, timeline
from ...files.models import FileVersion, LooseKey
from ...identity.models import current_port_of
from ...jobs import Steps, job
from ...notifications.models import Notification
from ...storage.store import NotStored
from ..models import Archive, Client
from ..models.archive import ArchiveStatus
from ..models.erasure import with_merged
from ..models.holding import HOLDINGS, in_reading_order

PIECE = 256 * 1024
AT_ONCE = 200  # entries of the timeline


@dataclass(frozen=True)
class Section:
    """One kind of thing that is held: `rows` as (label, words) each, and `data` as it stands in data.json."""

    name: str
    label: str
    rows: Sequence[Sequence[tuple[str, str]]]
    data: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Content:
    """A version of a file: where it lies, and where it is put."""

    key: str
    path: str
    may_be_opened: bool


@dataclass(frozen=True)
class Gathered:
    name: str
    number: int
    sections: Sequence[Section]
    entries: Sequence[Entry]
    contents: Sequence[Content]


def gathered(client: Client) -> Gathered:
    """All that is held about the client and whoever was merged into it, in the language and zone in force."""
    clients = with_merged(client)
    contents = contents_of(clients)
    paths = {key: one.path for key, one in contents.items()}
    sections = [section for section in sections_of(clients, paths) if section.rows]
    return Gathered(client.full_name, client.number, sections, entries_of(clients), list(contents.values()))


def sections_of(clients: Sequence[uuid.UUID], paths: Mapping[uuid.UUID, str]) -> Iterator[Section]:
    for held in in_reading_order():
        rows = held.rows(clients)
        if held.table == "file_versions":
            rows = [{**row, "path": paths[row["id"]]} for row in rows]
        data = [{name: row[name] for name in held.fields} for row in rows]
        yield Section(held.table, str(held.label), [held.said(row) for row in rows], data)
    told = notifications_of(clients)
    words = [[(_("Title"), one["title"]), (_("Text"), one["text"]), (_("Told on"), one["told_on"])] for one in told]
    yield Section("notifications", _("What colleagues were told"), words, told)


def contents_of(clients: Sequence[uuid.UUID]) -> dict[uuid.UUID, Content]:
    """By the ids of the versions."""
    files = next(held for held in HOLDINGS if held.table == "files")
    numbers = {row["id"]: row["number"] for row in files.rows(clients)}
    versions = select(FileVersion).where(FileVersion.file_id.in_(numbers)).order_by(FileVersion.id)
    return {
        one.id: Content(one.storage_key, path_of(numbers[one.file_id], one), one.may_be_opened)
        for one in db.session.scalars(versions)
    }


def path_of(number: int, version: FileVersion) -> str:
    """A name that every system takes, and that no two versions share."""
    clean = re.sub(r"[^\w.() -]+", "_", version.filename).strip(" .")[-100:] or "file"
    return f"files/{number}-{version.ordinal}-{clean}"


def entries_of(clients: Sequence[uuid.UUID]) -> list[Entry]:
    found: dict[uuid.UUID, Entry] = {}
    for client_id in clients:
        before = None
        while page := timeline(Client.subject_type, client_id, limit=AT_ONCE, before=before):
            found |= {entry.id: entry for entry in page}
            before = page[-1].id
    return [found[entry_id] for entry_id in sorted(found, reverse=True)]


def notifications_of(clients: Sequence[uuid.UUID]) -> list[dict[str, str]]:
    own = select(Event.id).where(Event.subject_type == Client.subject_type, Event.subject_id.in_(clients))
    mentioned = select(EventMention.event_id).where(
        EventMention.subject_type == Client.subject_type, EventMention.subject_id.in_(clients)
    )
    found = select(Notification).where(Notification.event_id.in_(union(own, mentioned))).order_by(Notification.id)
    return [
        {"title": one.words.title, "text": one.words.body, "told_on": formats.format_datetime(one.created_at)}
        for one in db.session.scalars(found)
    ]


# --- The file


def page_of(found: Gathered, missing: Sequence[str], port: CurrentPort) -> str:
    """By itself: with its sheet inside, and nothing from anywhere else."""
    sheet = current_app.jinja_env.get_template("clients/privacy/archive.css").render()
    html = render_template("clients/privacy/archive.html", found=found, missing=missing, port=port, made_at=now())
    return html.replace("</head>", f"<style>{sheet}</style></head>", 1)


def data_of(found: Gathered, missing: Sequence[str]) -> str:
    events = [
        {
            "id": entry.id,
            "at": entry.at,
            "who": entry.who,
            "what": entry.text,
            "changes": [{"field": label, "old": old, "new": new} for label, old, new in entry.changes],
        }
        for entry in found.entries
    ]
    data = {section.name: section.data for section in found.sections} | {"timeline": events, "not_in_here": missing}
    return json.dumps(data, default=_as_json, ensure_ascii=False, indent=2)


def _as_json(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def fail_archive(archive_id: uuid.UUID, error: str) -> None:
    if archive := _locked(archive_id):
        archive.note_failed()
        with suppress(redis.RedisError):
            for room in (f"client:{archive.client_id}", f"client:{archive.client_id}:own"):
                live.refresh(room, target="#main")


def _locked(archive_id: uuid.UUID) -> Archive | None:
    return db.session.scalars(select(Archive).where(Archive.id == archive_id).with_for_update()).one_or_none()


@job(queue="export", in_steps=True, failed=fail_archive)
def build_archive(steps: Steps, archive_id: uuid.UUID) -> None:
    """Write the file of an archive. Begun again from its start after a kill."""
    with steps.step():
        archive = _locked(archive_id)
        if archive is None or archive.status != ArchiveStatus.BUILDING:
            return
        client = db.session.get_one(Client, archive.client_id)
        port = current_port_of(archive.port_id)
        with formats.use(port):
            found = gathered(client)
        key = storage.new_key(port.slug, "clients", client.id, "zip")
        LooseKey.note([key], port_id=archive.port_id)
        steps.advance(-steps.done, total=len(found.contents))
    db.session.expunge_all()
    with tempfile.TemporaryFile() as file:
        with formats.use(port):
            write(file, found, steps, port)
        size = file.tell()
        file.seek(0)
        storage.put(file, key, "application/zip")
    with steps.step():
        archive = _locked(archive_id)
        if archive is not None:
            by = Asker.of(archive.asked_by_id)
            archive.note_ready(key, size=size, files=len(found.contents), by=by)


def write(file: IO[bytes], found: Gathered, steps: Steps, port: CurrentPort) -> None:
    missing: list[str] = []
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for content in found.contents:
            if not (content.may_be_opened and copy(content, archive)):
                missing.append(content.path)
            with steps.step():
                steps.advance(1)
        archive.writestr("index.html", page_of(found, missing, port))
        archive.writestr("data.json", data_of(found, missing))
    file.seek(0, 2)


def copy(content: Content, archive: ZipFile) -> bool:
    """Whether there was anything."""
    try:
        with storage.open(content.key) as stream, archive.open(content.path, "w") as put:
            while piece := stream.read(PIECE):
                put.write(piece)
    except NotStored:
        return False
    return True
