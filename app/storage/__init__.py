"""Files: put, open, a link that expires, delete. Nothing else knows whether they lie on S3 or on disk.

Keys are `{port_slug}/{entity}/{entity_id}/{uuid}.{ext}`. On disk every file is encrypted; the S3 server is asked to
encrypt its bucket.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from flask import Blueprint, Flask, Response, abort, current_app, g, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature
from uuid_utils.compat import uuid7

from ..config import Settings
from ..web import signed_in
from .disk import Disk
from .store import SHOWN_INLINE, NotStored, Reader, StorageAway, Store, checked, disposition

log = structlog.get_logger()
bp = Blueprint("storage", __name__)

LINK_LASTS = timedelta(minutes=15)


def new_key(port_slug: str, entity: str, entity_id: object, extension: str) -> str:
    """Where a new file will lie. Raises ValueError for an unknown entity or a strange part."""
    return checked(f"{port_slug}/{entity}/{entity_id}/{uuid7()}.{extension.lower()}")


def put(stream: Reader, key: str, content_type: str) -> None:
    """Store what the stream still gives, a piece at a time. Raises StorageAway."""
    store().put(stream, checked(key), content_type)


@contextmanager
def open(key: str) -> Iterator[Reader]:  # noqa: A001  # always called as storage.open
    """The content of a file as a stream. Raises NotStored, StorageAway; Unreadable for an altered file."""
    with store().open(checked(key)) as stream:
        yield stream


def link(key: str, filename: str, expires: timedelta = LINK_LASTS, *, inline: bool = False) -> str:
    """An address that gives the file under this name until it expires. To be made at the click, for who may
    see the file; `inline` shows pictures and PDF in the browser, other kinds are downloaded all the same."""
    shows = inline and key.rpartition(".")[2] in SHOWN_INLINE
    return store().link(checked(key), filename, expires, inline=shows)


def delete(key: str) -> None:
    """Remove a file; one that is not there is no error. Raises StorageAway."""
    store().delete(checked(key))


def store() -> Store:
    kept: Store = current_app.extensions["storage"]
    return kept


@bp.get("/<port>/files/content")
@signed_in
def show() -> ResponseReturnValue:
    """A file on disk, for who has a link of this port that has not expired."""
    disk = store()
    if not isinstance(disk, Disk):
        abort(404)
    try:
        key, filename, inline = disk.linked(request.args.get("link", ""))
        file = disk.open(key)
    except (BadSignature, NotStored):
        abort(404)
    if key.partition("/")[0] != g.port_slug:
        file.close()
        abort(404)
    response = Response(file.pieces(), content_type=file.content_type)
    if inline:
        response.content_type = SHOWN_INLINE[key.rpartition(".")[2]]
    response.call_on_close(file.close)
    response.content_length = file.length
    response.headers.update(_headers(filename, inline=inline))
    return response


def _headers(filename: str, *, inline: bool) -> dict[str, str]:
    """What keeps a stranger's file from acting as a page of ours."""
    policy = "frame-ancestors 'self'; sandbox" if inline else "default-src 'none'; sandbox"
    return {
        "Content-Disposition": disposition(filename, inline=inline),
        "Content-Security-Policy": policy,
        "X-Frame-Options": "SAMEORIGIN" if inline else "DENY",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


def init_app(app: Flask) -> None:
    settings: Settings = app.extensions["settings"]
    app.register_blueprint(bp)
    if settings.s3_url is None:
        root = settings.quayside_home / "files"
        app.extensions["storage"] = Disk(root, app.extensions["keyring"], settings.secret_key)
        return
    from .bucket import Bucket  # only here: the client and its ciphers weigh four megabytes a process

    bucket = Bucket(settings.s3_url, settings.s3_public_url)
    app.extensions["storage"] = bucket
    try:
        bucket.prepare()
    except StorageAway:
        log.warning("storage_away_at_start")
    bucket.http.clear()  # a process forked from this one must not share its connections
