"""Encryption of fields: AES-256-GCM, each value with the id of its key, so that keys rotate.

A sealed value is `key id (1 byte length + text) ‖ nonce (12) ‖ ciphertext+tag`. The associated data ties it to its
place: a value moved to another row or column does not open.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from functools import lru_cache

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


@lru_cache(maxsize=16)
def signing_key(key: bytes) -> bytes:
    """The key with which records are signed, derived from one that encrypts: neither is used for both."""
    return hmac.digest(key, b"quayside signatures", "sha256")


@dataclass(frozen=True)
class Keyring:
    """The keys of FIELD_KEYS by id; the first is used to seal and to sign, every one to open and to check."""

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

    def sign(self, message: bytes) -> bytes:
        """Who lacks the keys can neither make this nor change the message under it: `key id (1 byte length + text) ‖
        HMAC-SHA256`."""
        key_id = self.current.encode()
        return bytes([len(key_id)]) + key_id + hmac.digest(signing_key(self.keys[self.current]), message, "sha256")

    def is_signed(self, message: bytes, signature: bytes) -> bool:
        key = self.keys.get(self.key_id_of(signature))
        if key is None:
            return False
        right = hmac.digest(signing_key(key), message, "sha256")
        return hmac.compare_digest(signature[1 + signature[0] :], right)

    @staticmethod
    def key_id_of(sealed: bytes) -> str:
        return sealed[1 : 1 + sealed[0]].decode(errors="replace") if sealed else ""
