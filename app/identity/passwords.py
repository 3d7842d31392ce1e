"""Passwords: argon2id, off the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

P = ParamSpec("P")
R = TypeVar("R")

hasher = PasswordHasher()  # argon2id with the library's (RFC 9106, low memory) parameters

# A hash of nothing anybody knows: an unknown e-mail costs the same time as a wrong password.
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$6WMk0w2hiRwJ3gYdtnWV0Q$2kGBT0ei3yGHEuUGSZd3kkFGQQWzB4Xc0vBQ9hXbQ0E"


def _off_the_loop(act: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Under gevent, hashing in the hub's thread pool: in a greenlet it would stop everybody for 50 ms."""
    from gevent import get_hub, monkey

    if monkey.is_module_patched("threading"):
        answer: R = get_hub().threadpool.apply(act, args, kwargs)
        return answer
    return act(*args, **kwargs)


def hash_password(password: str) -> str:
    return _off_the_loop(hasher.hash, password)


def verify(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; takes as long for a user who does not exist (None)."""
    return _off_the_loop(_verify, password_hash or NOBODY, password) and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    return hasher.check_needs_rehash(password_hash)
