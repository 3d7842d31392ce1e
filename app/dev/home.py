"""The directory that holds everything of one `make run`: databases, files, secrets."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(home: Path) -> Iterator[None]:
    """One run a directory; the lock is on the directory itself and ends with the run, however that ends."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise SystemExit(
            f"Quayside already runs in {home}. Stop it first, or set QUAYSIDE_HOME to another directory."
        ) from None
    finally:
        os.close(directory)


def own_secrets(home: Path) -> dict[str, str]:
    """Passwords and keys of this home, made at its first run."""
    path = home / "secrets.json"
    if not path.exists():
        made = {name: secrets.token_urlsafe(32) for name in ("postgres", "quayside_owner", "quayside_app", "valkey")}
        made["SECRET_KEY"] = secrets.token_urlsafe(48)
        made["FIELD_KEYS"] = f"local:{secrets.token_hex(32)}"
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(made, indent=2), encoding="utf-8")
        unfinished.rename(path)
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return known
