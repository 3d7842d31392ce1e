"""Files on disk: encrypted a piece at a time, given out by links of our own that expire."""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer

from ..crypto import Keyring, Unreadable
from ..threads import off_the_loop
from .store import NotStored, Reader, StorageAway, checked

log = structlog.get_logger()

CHUNK = 64 * 1024
MAGIC = b"QFILE1"
SALT = 32
TAG = 16


class Disk:
    """Files under a directory, each encrypted with AES-256-GCM in chunks under a key derived for it alone.

    `QFILE1 ‖ length and id of the key ‖ length and content type ‖ salt ‖ chunks`. A chunk's nonce is its
    number and whether it is the last, so chunks cannot be left out, swapped or taken from another file; the
    header and the key of the file are authenticated with each.
    """

    def __init__(self, root: Path, keyring: Keyring, secret_key: str) -> None:
        self.root = root
        self.keyring = keyring
        self.signer = URLSafeTimedSerializer(secret_key, salt="quayside.storage.link")

    def put(self, stream: Reader, key: str, content_type: str) -> None:
        off_the_loop(self._put, stream, key, content_type)

    def _put(self, stream: Reader, key: str, content_type: str) -> None:
        path = self.root / key
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    self._write(file, stream, key, content_type)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(unfinished, path)
            except BaseException:
                os.unlink(unfinished)
                raise
        except OSError as error:
            log.error("storage_away", error=str(error))
            raise StorageAway() from error

    def _write(self, file: IO[bytes], stream: Reader, key: str, content_type: str) -> None:
        header = self._new_header(content_type)
        cipher = self._cipher(header, key)
        file.write(header)
        chunk, number = _read_fully(stream, CHUNK), 0
        while True:
            following = _read_fully(stream, CHUNK) if len(chunk) == CHUNK else b""
            file.write(cipher.encrypt(_nonce(number, is_last=not following), chunk, header + key.encode()))
            if not following:
                return
            chunk, number = following, number + 1

    def open(self, key: str) -> Decrypted:
        try:
            file = (self.root / key).open("rb")
        except FileNotFoundError:
            raise NotStored(key) from None
        except OSError as error:
            log.error("storage_away", error=str(error))
            raise StorageAway() from error
        try:
            header, content_type = self._read_header(file, key)
            return Decrypted(file, self._cipher(header, key), header + key.encode(), content_type)
        except BaseException:
            file.close()
            raise

    def link(self, key: str, filename: str, expires: timedelta, *, inline: bool) -> str:
        signed = self.signer.dumps([key, filename, inline, int(expires.total_seconds())])
        # In the query, which no log keeps: who has the link has the file.
        return url_for("storage.show", port=key.partition("/")[0], link=signed)

    def linked(self, signed: str) -> tuple[str, str, bool]:
        """Key, file name and whether it is shown inline. Raises BadSignature, also when it has expired."""
        (key, filename, inline, lasts), made = self.signer.loads(signed, return_timestamp=True)
        if time.time() - made.timestamp() > lasts:
            raise BadSignature("expired")
        return checked(key), filename, inline

    def delete(self, key: str) -> None:
        try:
            (self.root / key).unlink(missing_ok=True)
        except OSError as error:
            log.error("storage_away", error=str(error))
            raise StorageAway() from error

    def _new_header(self, content_type: str) -> bytes:
        key_id, kind = self.keyring.current.encode(), content_type.encode()[:255]
        return MAGIC + bytes([len(key_id)]) + key_id + bytes([len(kind)]) + kind + os.urandom(SALT)

    def _read_header(self, file: IO[bytes], key: str) -> tuple[bytes, str]:
        parts = [file.read(len(MAGIC))]
        for _ in ("key id", "content type"):
            parts.append(file.read(1))
            parts.append(file.read(parts[-1][0] if parts[-1] else 0))
        parts.append(file.read(SALT))
        key_id = parts[2].decode("ascii", "replace")
        if parts[0] != MAGIC or len(parts[-1]) != SALT or key_id not in self.keyring.keys:
            raise Unreadable(key)
        return b"".join(parts), parts[4].decode(errors="replace")

    def _cipher(self, header: bytes, key: str) -> AESGCM:
        size = header[len(MAGIC)]
        key_id = header[len(MAGIC) + 1 : len(MAGIC) + 1 + size].decode()
        derived = HKDF(SHA256(), 32, salt=header[-SALT:], info=b"quayside file " + key.encode())
        return AESGCM(derived.derive(self.keyring.keys[key_id]))


class Decrypted:
    """Reads an encrypted file; every byte it gives has been authenticated."""

    def __init__(self, file: IO[bytes], cipher: AESGCM, place: bytes, content_type: str) -> None:
        self.file, self.cipher, self.place = file, cipher, place
        self.content_type = content_type
        sealed = os.fstat(file.fileno()).st_size - file.tell()
        if sealed < TAG:
            raise Unreadable("cut off")
        self.chunks = -(-sealed // (CHUNK + TAG))
        self.length = sealed - self.chunks * TAG
        self.number = 0
        self.buffer = b""

    def __enter__(self) -> Decrypted:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()

    def pieces(self) -> Iterator[bytes]:
        while piece := self.read(CHUNK):
            yield piece

    def read(self, size: int = -1, /) -> bytes:
        pieces, wanted = [], size if size >= 0 else sys.maxsize
        while wanted > 0 and (self.buffer or self.number < self.chunks):
            if not self.buffer:
                self.buffer = self._next()
            pieces.append(self.buffer[:wanted])
            self.buffer = self.buffer[wanted:]
            wanted -= len(pieces[-1])
        return b"".join(pieces)

    def _next(self) -> bytes:
        sealed = _read_fully(self.file, CHUNK + TAG)
        is_last = self.number == self.chunks - 1
        try:
            chunk = self.cipher.decrypt(_nonce(self.number, is_last=is_last), sealed, self.place)
        except (InvalidTag, ValueError) as error:
            raise Unreadable("a file") from error
        self.number += 1
        return chunk


def _nonce(number: int, *, is_last: bool) -> bytes:
    return struct.pack(">3xQ?", number, is_last)


def _read_fully(stream: Reader, size: int) -> bytes:
    """`size` bytes, fewer only at the end: a stream may give less than it was asked for."""
    pieces = []
    while size > 0 and (piece := stream.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
