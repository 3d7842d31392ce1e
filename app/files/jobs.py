"""What is done with files later: scanning, pictures to look at, emptying the trash."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import timedelta
from io import BytesIO

import redis
import structlog
from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from .. import live, storage
from ..db import begin, db, now, rollback
from ..events.models import System
from ..identity.models import current_port_of
from ..jobs import Steps, job
from ..storage.store import NotStored
from . import models
from .models.loose import LOOSE_KEPT
from .rendering import NotShown, Pictures, pictures_of
from .scanner import ScannerAway, scan

log = structlog.get_logger("quayside.files")

TRASH_KEPT = timedelta(days=30)
AT_ONCE = 50


def version_of(version_id: uuid.UUID) -> models.FileVersion | None:
    """Locked until the step ends."""
    return db.session.scalars(
        select(models.FileVersion).where(models.FileVersion.id == version_id).with_for_update()
    ).one_or_none()


def tell(port_id: uuid.UUID | None, file_id: uuid.UUID) -> None:
    """Show whoever looks at the file or its list what is known of it now; a Redis that is away changes nothing."""
    begin(port_id=port_id, scope="staff")
    file = db.session.scalars(select(models.File).where(models.File.id == file_id)).one_or_none()
    if file is not None:
        with suppress(redis.RedisError):
            for room in file.rooms:
                live.refresh(room)
    rollback()


# --- Scanning


def fail_scan(version_id: uuid.UUID, error: str) -> None:
    """The scanner did not answer for a quarter of an hour; it is asked again every night."""
    version = version_of(version_id)
    if version is not None and version.scan_status == models.Scan.PENDING:
        version.scan_status = models.Scan.FAILED


@job(queue="documents", attempts=10, in_steps=True, failed=fail_scan)
def scan_version(steps: Steps, version_id: uuid.UUID) -> None:
    """Have the scanner look at a version."""
    url = current_app.extensions["settings"].clamd_url
    with steps.step():
        version = version_of(version_id)
        if version is None or version.scan_status not in (models.Scan.PENDING, models.Scan.FAILED):
            return
        if url is None:
            version.scan_status = models.Scan.UNSCANNED
            return
        key, file_id = version.storage_key, version.file_id
    try:
        with storage.open(key) as stream:
            verdict = scan(stream, url)
    except NotStored:
        log.error("file_is_not_stored", version_id=str(version_id))
        raise ScannerAway("the file is not there") from None
    with steps.step():
        version = version_of(version_id)
        if version is not None:
            version.note_scan(verdict.signature, by=System())
    tell(steps.port_id, file_id)


# --- Pictures to look at


def fail_look(version_id: uuid.UUID, error: str) -> None:
    version = version_of(version_id)
    if version is not None and version.look == models.Look.PENDING:
        version.look = models.Look.FAILED


@job(queue="documents", in_steps=True, failed=fail_look)
def look_at(steps: Steps, version_id: uuid.UUID) -> None:
    """Make the pictures of a version."""
    with steps.step():
        version = version_of(version_id)
        if version is None or version.look != models.Look.PENDING:
            return
        key, mime, file_id = version.storage_key, version.mime, version.file_id
        slug = current_port_of(version.port_id).slug
    try:
        with storage.open(key) as stream:
            made = pictures_of(stream, mime)
    except (NotShown, NotStored):
        made = Pictures(0, [])
    place = key.split("/")
    keys = [storage.new_key(slug, place[1], place[2], "webp") for _picture in made.pictures]
    with steps.step():
        version = version_of(version_id)
        if version is not None:
            models.LooseKey.note(keys, port_id=version.port_id)
    for picture, picture_key in zip(made.pictures, keys, strict=True):
        storage.put(BytesIO(picture.content), picture_key, "image/webp")
    with steps.step():
        version = version_of(version_id)
        if version is not None and version.look == models.Look.PENDING:
            version.note_look(made.pages, dict(zip(keys, made.pictures, strict=True)))
    tell(steps.port_id, file_id)


# --- Emptying


@job(queue="maintenance", in_steps=True)
def clean_up(steps: Steps) -> None:
    """Empty the port's trash of what has been in it for 30 days, remove what lies in the storage and belongs to
    nothing, and ask the scanner again for what it could not say."""
    while _purge_some(steps):
        pass
    remove_loose(steps)
    with steps.step():
        if current_app.extensions["settings"].clamd_url is not None:
            for version_id in models.FileVersion.not_scanned():
                scan_version.later(version_id=version_id)


def remove_loose(steps: Steps) -> None:
    """Remove what lies in the storage of the port and has belonged to nothing for a day."""
    while _remove_some(steps):
        pass


def _purge_some(steps: Steps) -> bool:
    """Whether there may be more."""
    with steps.step():
        old = models.File.archived_at < now() - TRASH_KEPT
        files = db.session.scalars(
            select(models.File).where(old).order_by(models.File.archived_at).limit(AT_ONCE).with_for_update()
        ).all()
        purged = 0
        for file in files:
            # What a record still refers to stays.
            with suppress(IntegrityError), db.session.begin_nested():
                file.purge(by=System())
                purged += 1
        models.Folder.purge(before=now() - TRASH_KEPT)
    return purged == AT_ONCE


def _remove_some(steps: Steps) -> bool:
    with steps.step():
        old = select(models.LooseKey).where(models.LooseKey.since < now() - LOOSE_KEPT)
        found = [(one.id, one.storage_key) for one in db.session.scalars(old.limit(AT_ONCE))]
    for _id, key in found:
        storage.delete(key)
    with steps.step():
        models.LooseKey.forget([loose_id for loose_id, _key in found])
    return len(found) == AT_ONCE
