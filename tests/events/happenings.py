"""Events that no module knows, and a relay that follows them and can be held up.

`python -m tests.events.happenings SECONDS` is that relay, which looks by itself that often. What it publishes
is an entry "subject number" of the Redis list `published`. While the key `hold` exists, it stops right before
publishing, and says so in the list `reached`.
"""

import sys
import uuid
from typing import Any, cast

import redis
from flask import current_app

from app import create_app
from app.config import load_settings
from app.db import begin, commit, db
from app.dev.processes import wait_until
from app.events import relay
from app.events.models import Event, SubjectKey, System, keyring, record
from app.events.reactions import on
from app.events.registry import EVENTS
from tests.servers import Installation

NAME = "test:happened"


def happen(port_id: uuid.UUID | None, subject_id: uuid.UUID, number: int = 0, **details: Any) -> uuid.UUID:
    """One committed event."""
    begin(port_id=port_id, user_id=None if port_id else subject_id, scope="staff" if port_id else "")
    event_id = record(
        NAME,
        by=System(),
        subject_type="test",
        subject_id=subject_id,
        port_id=port_id,
        number=number,
        **details,
    )
    commit()
    return event_id


def number_of(event: Event) -> int:
    key = db.session.get_one(SubjectKey, (event.subject_type, event.subject_id))
    place = f"subject_keys:{event.subject_type}:{event.subject_id}"
    number: int = event.opened(keyring().open(key.sealed_key, place=place))["details"]["number"]
    return number


def entries(installation: Installation, key: str) -> list[str]:
    """A list of Redis."""
    return [entry.decode() for entry in cast(list[bytes], installation.redis.lrange(key, 0, -1))]


def published(installation: Installation) -> list[tuple[uuid.UUID, int]]:
    lines = [line.split() for line in entries(installation, "published")]
    return [(uuid.UUID(subject), int(number)) for subject, number in lines]


def count_outbox(installation: Installation) -> int:
    with installation.database.connect() as connection:
        row = connection.execute("SELECT count(*) FROM outbox").fetchone()
    assert row is not None
    return int(row[0])


def outbox(installation: Installation) -> list[dict[str, Any]]:
    with installation.database.connect() as connection:
        rows = connection.execute("SELECT to_jsonb(o) FROM outbox o ORDER BY id").fetchall()
    return [row for (row,) in rows]


def publish(event: Event) -> None:
    server: redis.Redis = current_app.extensions["redis"]
    line = f"{event.subject_id} {number_of(event)}"
    if server.exists("hold"):
        server.rpush("reached", line)
        assert wait_until(lambda: not server.exists("hold"), seconds=60)
    server.rpush("published", line)


def main() -> None:
    relay.LOOK_EVERY = float(sys.argv[1])
    EVENTS[NAME] = ()
    on(NAME)(publish)
    relay.Relay(create_app(load_settings(), role="relay")).run()


if __name__ == "__main__":
    main()
