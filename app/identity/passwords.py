"""Passwords: argon2id, off the event loop; and what makes one too weak."""

from __future__ import annotations

import re
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _

from ..threads import off_the_loop

hasher = PasswordHasher()  # argon2id with the library's (RFC 9106, low memory) parameters

# A hash of nothing anybody knows, with the same parameters: an unknown e-mail costs the same time as a wrong password.
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$6WMk0w2hiRwJ3gYdtnWV0Q$2kGBT0ei3yGHEuUGSZd3kkFGQQWzB4Xc0vBQ9hXbQ0E"


def hash_password(password: str) -> str:
    return off_the_loop(hasher.hash, password)


def verify(password_hash: str | None, password: str) -> bool:
    """Whether the password is right; takes as long for a user who does not exist (None)."""
    return off_the_loop(_verify, password_hash or NOBODY, password) and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(password_hash: str) -> bool:
    return hasher.check_needs_rehash(password_hash)


# --- What makes one too weak

SHORTEST = 12
LONGEST = 1024  # bytes

# The best of zxcvbn's grades from 0 to 4: whoever tries the likeliest first needs more than ten thousand million tries.
HARD_TO_GUESS = 4
JUDGED = 72  # characters; more cost time and add little
OURS = ("quayside", "marina", "harbour", "harbor", "berth", "mooring", "admin")


def weaknesses(password: str, *, about: Iterable[str] = ()) -> list[str]:
    """Everything that is wrong with a new password, in words. `about`: name and e-mail of whose it is to be."""
    if len(password.encode()) > LONGEST:
        return [_("Use at most %(count)d characters.", count=LONGEST)]
    wrong = []
    if len(password) < SHORTEST:
        wrong.append(_("Use at least %(count)d characters.", count=SHORTEST))
    for is_kind, text in (
        (str.isupper, _("Add a capital letter.")),
        (str.islower, _("Add a small letter.")),
        (str.isdigit, _("Add a digit.")),
        (_is_special, _("Add a special character, such as ! or ?.")),
    ):
        if not any(map(is_kind, password)):
            wrong.append(text)
    if any(part in password.casefold() for part in _parts(about)):
        wrong.append(_("Leave out your name and your e-mail address."))
    if is_guessed_soon(password, about=about):
        wrong.append(_("This is one of the passwords that are tried first. Choose another."))
    return wrong


def _is_special(character: str) -> bool:
    return not character.isalnum()


def _parts(about: Iterable[str]) -> set[str]:
    """The names and the mailbox as a whole, and their words unless they are so short that other words hold them."""
    parts = set()
    for text in about:
        mailbox = text.casefold().partition("@")[0]
        words = re.findall(r"[^\W\d_]+", mailbox)
        parts |= {text.casefold(), mailbox, "".join(words)} | {word for word in words if len(word) > 3}
    return {part for part in parts if len(part) > 2}


def is_guessed_soon(password: str, *, about: Iterable[str] = ()) -> bool:
    """Whether it is made of what guessers try first: the 30,000 commonest passwords, names and words, also spelt with
    digits, repeated or decorated, rows of keys, dates, and what is known of whose it is."""
    # Its lists take 14 MB; a process that judges no new password does without.
    from zxcvbn import zxcvbn

    known = [*OURS, *sorted(_parts(about))]
    grade: int = off_the_loop(zxcvbn, password[:JUDGED], user_inputs=known)["score"]
    return grade < HARD_TO_GUESS
