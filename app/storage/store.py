"""What a store of files is, whichever it is: on disk or on S3."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol
from urllib.parse import quote

from ..errors import Away

ENTITIES = "clients|vessels|interests|berths|harbours|expenses|invoices|documents|claims|tickets|assets|general"
KEY = re.compile(
    rf"[a-z0-9][a-z0-9-]{{0,49}}/(?:{ENTITIES})/[A-Za-z0-9][A-Za-z0-9-]{{0,63}}/"
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[a-z0-9]{1,8}"
)

# What a browser shows without running anything in it; everything else is only ever downloaded.
SHOWN_INLINE = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
}


class StorageAway(Away):
    """The place where files lie does not answer (503)."""

    def __init__(self) -> None:
        super().__init__("Files cannot be reached at the moment. Nothing was lost; try again soon.")


class NotStored(LookupError):
    """Nothing lies under this key."""


class Reader(Protocol):
    """A stream to be read once, from the beginning."""

    def read(self, size: int = -1, /) -> bytes: ...


class Store(Protocol):
    def put(self, stream: Reader, key: str, content_type: str) -> None: ...

    def open(self, key: str) -> AbstractContextManager[Reader]: ...

    def link(self, key: str, filename: str, expires: timedelta, *, inline: bool) -> str: ...

    def delete(self, key: str) -> None: ...


def disposition(filename: str, *, inline: bool) -> str:
    """The value of Content-Disposition, for any file name."""
    clean = re.sub(r"[\x00-\x1f\x7f\"\\/:*?<>|]+", "_", filename).strip(" .")[:150] or "file"
    plain = clean.encode("ascii", "replace").decode().replace("?", "_")
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(clean, safe='')}"


def checked(key: str) -> str:
    """The key, when it is one of ours: no way out of the tree. Raises ValueError."""
    if not KEY.fullmatch(key):
        raise ValueError("not a key of the storage")
    return key
