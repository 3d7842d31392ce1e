"""Seals: what makes it show when somebody alters, removes or inserts events behind the application's back.

Each event is signed as it is written, under a key that the database does not hold. A trigger notes it in
`unsealed_events`; a job moves what waits there into the next seal: the ids in order, the digest of their rows, and a
signature over these, the seal's number and the signature of the seal before. So a row cannot be changed without its
signature failing, nor taken away without its seal missing it, nor can a seal be taken out of the chain.

What the database alone cannot show is the loss of its newest end: an event and its note removed before they are sealed,
or the last seals with all their events. `flask audit verify` says how far the chain goes, and `--head` compares that
with what was written down elsewhere.
"""

from __future__ import annotations

import hashlib
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click
import structlog
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import ARRAY, BigInteger, LargeBinary, Uuid, select, text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base, begin, db, now
from ..jobs import Steps, job
from .models import keyring, message_of

log = structlog.get_logger("quayside.seals")

BATCH = 1000
FIRST = uuid.UUID(int=0)


class UnsealedEvent(Base):
    """An event that waits for its seal."""

    __tablename__ = "unsealed_events"

    event_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class EventSeal(Base):
    """The seal of some events, chained to the one before by its signature."""

    __tablename__ = "event_seals"

    number: Mapped[int] = mapped_column("id", BigInteger, primary_key=True, autoincrement=False)
    ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid()))
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime]

    @property
    def head(self) -> str:
        """The seal as it is written down elsewhere: its number and the start of its signature's digest."""
        return f"{self.number}:{hashlib.sha256(self.signature).hexdigest()[:32]}"


LOCK_UNSEALED = text("SELECT * FROM lock_unsealed(:limit)")
WRITE_SEAL = text("SELECT write_seal(:number, :ids, :previous, :digest, :signature, :now)")
SEALS = select(EventSeal).from_statement(text("SELECT * FROM seals_after(:number, :limit)"))
EVENTS = text("SELECT * FROM events_by_id(:ids)")
UNSEALED = text("SELECT * FROM unsealed_after(:after, :limit)")
IN_NO_SEAL = text("SELECT * FROM events_in_no_seal(:after, :limit)")


def digest_of(ids: Sequence[uuid.UUID], rows: dict[uuid.UUID, Any]) -> bytes:
    """Of the rows in the order of the ids, with their signatures; one that is not there counts as empty."""
    whole = hashlib.sha256()
    for event_id in ids:
        row = rows.get(event_id)
        part = message_of(row) + b"\x00" + bytes(row.signature) if row is not None else b""
        whole.update(hashlib.sha256(part).digest())
    return whole.digest()


def message_of_seal(seal: Any) -> bytes:
    moment = seal.sealed_at.astimezone(UTC).isoformat()
    ids = b"".join(event_id.bytes for event_id in seal.ids)
    return b"\x00".join((str(seal.number).encode(), moment.encode(), seal.previous.hex().encode(), seal.digest + ids))


def rows_of(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Any]:
    return {row.id: row for row in db.session.execute(EVENTS, {"ids": list(ids)})}


# --- Sealing


def seal_next() -> int:
    """Seal what waits, as far as one seal goes; how much that was. No port may be in force."""
    ids = list(db.session.scalars(LOCK_UNSEALED, {"limit": BATCH}))
    if not ids:
        return 0
    last = db.session.scalar(SEALS, {"number": None, "limit": 1})
    seal = EventSeal(
        number=last.number + 1 if last else 1,
        ids=ids,
        previous=last.signature if last else b"",
        digest=digest_of(ids, rows_of(ids)),
        sealed_at=now(),
    )
    seal.signature = keyring().sign(message_of_seal(seal))
    names = ("number", "ids", "previous", "digest", "signature")
    place = {name: getattr(seal, name) for name in names}
    db.session.execute(WRITE_SEAL, {**place, "now": seal.sealed_at})
    # In the log as well, where whoever alters the database does not reach.
    log.info("events_sealed", count=len(ids), head=seal.head)
    return len(ids)


@job(queue="maintenance", is_for_port=False, in_steps=True)
def seal_events(steps: Steps) -> None:
    """Seal everything that waits, one seal a step."""
    count = BATCH
    while count == BATCH:
        with steps.step():
            count = seal_next()
            steps.advance(count)


# --- Verifying


@dataclass
class Verdict:
    """What was looked at, and what is wrong, in words."""

    seals: int = 0
    sealed: int = 0
    unsealed: int = 0
    head: str = ""


def verify(verdict: Verdict, expected: str | None = None) -> Iterator[str]:
    """Walk every seal and every event, a thousand at a time; gives what is wrong. No port may be in force."""
    previous = None
    met = expected is None
    for seal in every_seal():
        yield from wrong_with_seal(seal, previous)
        yield from wrong_with_events(seal)
        verdict.seals, verdict.sealed = verdict.seals + 1, verdict.sealed + len(seal.ids)
        verdict.head = seal.head
        met = met or seal.head == expected
        previous = seal
    if not met:
        yield f"seal {expected} is not in the chain: it was removed or replaced"
    for ids in pages(UNSEALED):
        verdict.unsealed += len(ids)
        rows = rows_of(ids)
        for event_id in ids:
            if event_id not in rows:
                yield f"event {event_id} was removed before it was sealed"
            elif not is_genuine(rows[event_id]):
                yield f"event {event_id} was not written by Quayside, or altered before it was sealed"
    for ids in pages(IN_NO_SEAL):
        for event_id in ids:
            yield f"event {event_id} was inserted, or its seal was removed: it is in no seal and waits for none"


def every_seal() -> Iterator[EventSeal]:
    number = -(2**62)
    while seals := db.session.scalars(SEALS, {"number": number, "limit": 10}).all():
        yield from seals
        number = seals[-1].number
        db.session.expunge_all()


def pages(statement: Any) -> Iterator[list[uuid.UUID]]:
    after = FIRST
    while ids := list(db.session.scalars(statement, {"after": after, "limit": BATCH})):
        yield ids
        after = ids[-1]


def wrong_with_seal(seal: EventSeal, previous: EventSeal | None) -> Iterator[str]:
    number = previous.number + 1 if previous else 1
    if seal.number > number:
        missing = f"seal {number}" if seal.number == number + 1 else f"seals {number} to {seal.number - 1}"
        yield f"{missing} removed"
    elif seal.previous != (previous.signature if previous else b""):
        yield f"seal {seal.number} does not follow the one before: one of the two was altered or replaced"
    if not keyring().is_signed(message_of_seal(seal), seal.signature):
        yield f"seal {seal.number} was altered, or signed under a key that is not in FIELD_KEYS"


def wrong_with_events(seal: EventSeal) -> Iterator[str]:
    rows = rows_of(seal.ids)
    is_whole = digest_of(seal.ids, rows) == seal.digest
    named = False
    for event_id in seal.ids:
        if event_id not in rows:
            yield f"event {event_id} was removed (seal {seal.number})"
        elif not is_genuine(rows[event_id]):
            what = "was not written by Quayside, or altered before it was sealed" if is_whole else "was altered"
            yield f"event {event_id} {what} (seal {seal.number})"
        else:
            continue
        named = True
    if not is_whole and not named:
        yield f"seal {seal.number} does not fit its events"


def is_genuine(row: Any) -> bool:
    return keyring().is_signed(message_of(row), bytes(row.signature))


# --- At the console

cli = AppGroup("audit", help="The seals over what was recorded.")


@cli.command("verify")
@click.option(
    "--head", "expected", metavar="NUMBER:DIGEST", help="a seal that must be in the chain, as noted elsewhere"
)
def verify_command(expected: str | None) -> None:
    """Check every event and every seal; ends with 1 and names what is altered, removed or inserted."""
    db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    begin()
    verdict, wrong = Verdict(), 0
    for line in verify(verdict, expected):
        wrong += 1
        click.echo(line, err=True)
    counts = f"{verdict.sealed} events in {verdict.seals} seals, {verdict.unsealed} not sealed yet"
    click.echo(f"{counts}; newest seal {verdict.head or 'none'}")
    if wrong:
        click.echo(f"{wrong} things are wrong", err=True)
        sys.exit(1)
    click.echo("Nothing was altered, removed or inserted.")


def init_app(app: Flask) -> None:
    app.cli.add_command(cli)
