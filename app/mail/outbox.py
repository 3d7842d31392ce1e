"""The outbox of development: what was sent lies as files below QUAYSIDE_HOME, for /dev/mail. Production has none."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from flask import current_app

KEPT = 200
NAME = re.compile(r"[0-9a-f]{32}")


def directory() -> Path:
    home: Path = current_app.extensions["settings"].quayside_home
    return home / "outbox"


def keep(message: EmailMessage) -> None:
    """Put the message there, under the id in its Message-ID, and drop the oldest beyond the last two hundred."""
    name = str(message["Message-ID"])[1:33]
    directory().mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = directory() / f".{name}"
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(message.as_bytes())
    unfinished.rename(directory() / f"{name}.eml")
    for old in sorted(directory().glob("*.eml"), reverse=True)[KEPT:]:
        old.unlink(missing_ok=True)


def kept() -> list[tuple[str, EmailMessage]]:
    """(name, message), newest first: the names are ids, which sort by age."""
    paths = sorted(directory().glob("*.eml"), reverse=True)
    return [(path.stem, read(path)) for path in paths[:KEPT]]


def find(name: str) -> EmailMessage | None:
    path = directory() / f"{name}.eml"
    return read(path) if NAME.fullmatch(name) and path.is_file() else None


def read(path: Path) -> EmailMessage:
    message = message_from_bytes(path.read_bytes(), policy=SMTP)
    assert isinstance(message, EmailMessage)  # noqa: S101  (what this policy makes)
    return message
