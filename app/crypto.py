"""Encryption of fields: AES-256-GCM, each value with the id of its key, so that keys rotate.

A sealed value is `key id (1 byte length + text) ‖ nonce (12) ‖ ciphertext+tag`. The associated data ties it to its
place: a value moved to another row or column does not open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


class Unreadable(Exception):
    """The value was altered, moved, or sealed under a key that is gone."""


def new_key() -> bytes:
    return AESGCM.generate_key(bit_length=256)


def seal(key: bytes, plain: bytes, *, place: str) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def open_sealed(key: bytes, sealed: bytes, *, place: str) -> bytes:
    """Raises Unreadable."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise Unreadable(place) from error


@dataclass(frozen=True)
class Keyring:
    """The keys of FIELD_KEYS by id; the first is used to seal, every one to open."""

    keys: dict[str, bytes]

    @property
    def current(self) -> str:
        return next(iter(self.keys))

    def seal(self, plain: bytes, *, place: str) -> bytes:
        key_id = self.current.encode()
        return bytes([len(key_id)]) + key_id + seal(self.keys[self.current], plain, place=place)

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Raises Unreadable."""
        key = self.keys.get(self.key_id_of(sealed))
        if key is None:
            raise Unreadable(place)
        return open_sealed(key, sealed[1 + sealed[0] :], place=place)

    @staticmethod
    def key_id_of(sealed: bytes) -> str:
        return sealed[1 : 1 + sealed[0]].decode(errors="replace") if sealed else ""
