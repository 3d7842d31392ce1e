"""Sealed values open with their key in their place, and nowhere else."""

from __future__ import annotations

import pytest

from app.crypto import Keyring, Unreadable, new_key

OLD, NEW = new_key(), new_key()


def test_a_value_opens_in_its_place_only() -> None:
    ring = Keyring({"a": OLD})
    sealed = ring.seal(b"NL91 ABNA 0417 1643 00", place="clients:1:iban")
    assert ring.open(sealed, place="clients:1:iban") == b"NL91 ABNA 0417 1643 00"
    with pytest.raises(Unreadable):
        ring.open(sealed, place="clients:2:iban")


def test_keys_rotate() -> None:
    sealed = Keyring({"a": OLD}).seal(b"words", place="here")
    rotated = Keyring({"b": NEW, "a": OLD})
    assert rotated.open(sealed, place="here") == b"words"
    assert Keyring.key_id_of(rotated.seal(b"words", place="here")) == "b"


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01a", b"\x05abc", b"\x01a" + bytes(40)])
def test_what_is_no_sealed_value_is_unreadable(sealed: bytes) -> None:
    with pytest.raises(Unreadable):
        Keyring({"a": OLD}).open(sealed, place="here")


def test_a_lost_key_is_said() -> None:
    sealed = Keyring({"a": OLD}).seal(b"words", place="here")
    with pytest.raises(Unreadable):
        Keyring({"b": NEW}).open(sealed, place="here")


def test_every_altered_byte_is_noticed() -> None:
    ring = Keyring({"a": OLD})
    sealed = ring.seal(b"words", place="here")
    for at in range(len(sealed)):
        altered = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(Unreadable):
            ring.open(altered, place="here")
