"""Seals: what is altered, removed or inserted by a superuser is found and named."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from app.db import begin, commit, db
from app.events.models import Event
from app.events.seals import Verdict, seal_events, verify
from app.jobs import perform
from tests.servers import Installation
from tests.waiting import together
from tests.world import NORTH, SOUTH, enter, make_client

MANAGER = "sales_manager@north.example"

Sql = Callable[..., list[Any]]


@pytest.fixture
def harbour(committed: Installation) -> Installation:
    """Where nothing has happened yet: what a test has broken stays broken."""
    with committed.database.connect() as connection:
        connection.execute("TRUNCATE events, unsealed_events, event_seals, subject_keys, outbox, jobs")
        connection.execute("ALTER TABLE events ENABLE TRIGGER note_unsealed")
    return committed


@pytest.fixture
def sql(harbour: Installation) -> Iterator[Sql]:
    """The superuser."""
    with harbour.database.connect() as connection:

        def run(query: str, *values: object) -> list[Any]:
            found = connection.execute(query, values)
            return found.fetchall() if found.description else []

        yield run


def change(installation: Installation, email: str = MANAGER, slug: str = "north") -> list[uuid.UUID]:
    """A client and three changes to it; gives the ids of the events, oldest first."""
    with installation.app.app_context():
        member = enter(email, slug)
        client = make_client(member)
        for town in ("Toulon", "Antibes", "Hyères"):
            client.update({"town": town}, by=member)
        ids = db.session.scalars(select(Event.id).where(Event.subject_id == client.id).order_by(Event.id)).all()
        commit()
    return list(ids)


def seal(installation: Installation) -> None:
    """As the recurring job does it."""
    with installation.app.app_context():
        begin()
        job_id = seal_events.later()
        commit()
        perform(str(job_id))


def wrong(installation: Installation, head: str | None = None) -> list[str]:
    with installation.app.app_context():
        begin()
        return list(verify(Verdict(), head))


def heads(installation: Installation) -> Verdict:
    with installation.app.app_context():
        begin()
        verdict = Verdict()
        assert list(verify(verdict)) == []
        return verdict


def sealed(installation: Installation) -> list[uuid.UUID]:
    ids = change(installation)
    seal(installation)
    assert wrong(installation) == []
    return ids


# --- Sealing -----------------------------------------------------------------------------------------------


def test_every_event_of_every_port_is_sealed_in_order(harbour: Installation, sql: Sql) -> None:
    north, south = change(harbour), change(harbour, "sales_manager@south.example", "south")
    seal(harbour)
    later = change(harbour)
    seal(harbour)
    seals = sql("SELECT id, ids FROM event_seals ORDER BY id")
    assert seals == [(1, [*north, *south]), (2, later)]
    assert sql("SELECT count(*) FROM unsealed_events") == [(0,)]
    verdict = heads(harbour)
    assert (verdict.seals, verdict.sealed, verdict.unsealed) == (2, 12, 0)


def test_with_nothing_to_seal_there_is_no_seal(harbour: Installation, sql: Sql) -> None:
    sealed(harbour)
    seal(harbour)
    assert sql("SELECT count(*) FROM event_seals") == [(1,)]


def test_what_waits_is_counted_and_is_not_wrong(harbour: Installation) -> None:
    sealed(harbour)
    change(harbour)
    verdict = heads(harbour)
    assert (verdict.sealed, verdict.unsealed) == (4, 4)


def test_many_events_make_several_seals(harbour: Installation, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.events.seals.BATCH", 3)
    ids = [*change(harbour), *change(harbour)]
    seal(harbour)
    assert [len(of) for (of,) in sql("SELECT ids FROM event_seals ORDER BY id")] == [3, 3, 2]
    assert [found for (of,) in sql("SELECT ids FROM event_seals ORDER BY id") for found in of] == ids
    assert wrong(harbour) == []


def test_an_event_committed_late_comes_into_a_later_seal(harbour: Installation, sql: Sql) -> None:
    with harbour.app.app_context():
        member = enter(MANAGER)
        late = make_client(member).id
        with harbour.app.app_context():  # another unit of work, committed first
            early = change(harbour)
            seal(harbour)
        commit()
    seal(harbour)
    assert sql("SELECT ids FROM event_seals WHERE id = 1") == [(early,)]
    (of_late,) = sql("SELECT ids[1] FROM event_seals WHERE id = 2")
    assert sql("SELECT subject_id FROM events WHERE id = %s", *of_late) == [(late,)]
    assert wrong(harbour) == []


def test_two_sealers_seal_once(harbour: Installation, sql: Sql) -> None:
    ids = change(harbour)
    together(*[partial(seal, harbour)] * 2)
    assert sql("SELECT id, ids FROM event_seals") == [(1, ids)]


def test_erasing_a_subject_breaks_no_seal(harbour: Installation, sql: Sql) -> None:
    sealed(harbour)
    sql("DELETE FROM subject_keys")
    assert wrong(harbour) == []


# --- What a superuser does ---------------------------------------------------------------------------------

ALTERED = {
    "port_id": SOUTH,
    "name": "client:archived",
    "subject_id": uuid.UUID(int=7),
    "subject_type": "user",
    "actor_id": uuid.UUID(int=7),
    "actor_kind": "system",
    "changed_fields": ["name"],
    "request_id": "another",
    "occurred_at": "2020-01-01T00:00:00Z",
}


def test_an_altered_row_is_named_whatever_was_altered(harbour: Installation, sql: Sql) -> None:
    ids = sealed(harbour)
    for column, value in ALTERED.items():
        sql("CREATE TEMP TABLE kept AS SELECT * FROM events WHERE id = %s", ids[2])
        sql(f"UPDATE events SET {column} = %s WHERE id = %s", value, ids[2])
        assert wrong(harbour) == [f"event {ids[2]} was altered (seal 1)"], column
        sql(f"UPDATE events SET {column} = kept.{column} FROM kept WHERE events.id = kept.id")
        sql("DROP TABLE kept")
    assert wrong(harbour) == []


def test_one_altered_byte_is_enough(harbour: Installation, sql: Sql) -> None:
    ids = sealed(harbour)
    sql("UPDATE events SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) WHERE id = %s", ids[1])
    assert wrong(harbour) == [f"event {ids[1]} was altered (seal 1)"]


def test_a_row_altered_before_it_was_sealed_is_named_before_and_after(harbour: Installation, sql: Sql) -> None:
    ids = change(harbour)
    sql("UPDATE events SET name = 'client:archived' WHERE id = %s", ids[1])
    said = f"event {ids[1]} was not written by Quayside, or altered before it was sealed"
    assert wrong(harbour) == [said]
    seal(harbour)
    assert wrong(harbour) == [f"{said} (seal 1)"]


def test_a_removed_row_is_named(harbour: Installation, sql: Sql) -> None:
    ids = sealed(harbour)
    sql("DELETE FROM events WHERE id = %s", ids[0])
    assert wrong(harbour) == [f"event {ids[0]} was removed (seal 1)"]


def test_a_row_removed_before_it_was_sealed_is_named(harbour: Installation, sql: Sql) -> None:
    ids = change(harbour)
    sql("DELETE FROM events WHERE id = %s", ids[3])
    assert wrong(harbour) == [f"event {ids[3]} was removed before it was sealed"]
    seal(harbour)
    assert wrong(harbour) == [f"event {ids[3]} was removed (seal 1)"]


@pytest.mark.parametrize("noticed", [True, False])
def test_an_inserted_row_is_named(harbour: Installation, sql: Sql, noticed: bool) -> None:
    """As a copy of a real one; with the trigger, so that it waits for a seal, and past it."""
    ids, new = sealed(harbour), uuid.uuid4()
    if not noticed:
        sql("ALTER TABLE events DISABLE TRIGGER note_unsealed")
    sql(
        "INSERT INTO events SELECT (jsonb_populate_record(e, jsonb_build_object('id', %s::text))).* FROM events e"
        " WHERE id = %s",
        new,
        ids[0],
    )
    said = "was not written by Quayside, or altered before it was sealed"
    unnoticed = "was inserted, or its seal was removed: it is in no seal and waits for none"
    assert wrong(harbour) == [f"event {new} {said if noticed else unnoticed}"]
    seal(harbour)
    assert wrong(harbour) == [f"event {new} {f'{said} (seal 2)' if noticed else unnoticed}"]


def test_two_rows_that_swapped_their_contents_are_named(harbour: Installation, sql: Sql) -> None:
    ids = sealed(harbour)
    first, second = ids[1], ids[2]
    contents = "changed_fields, sealed, occurred_at, signature"
    sql(
        f"UPDATE events e SET ({contents}) = (SELECT {contents} FROM events o"
        " WHERE o.id = CASE e.id WHEN %s THEN %s ELSE %s END) WHERE id IN (%s, %s)",
        first,
        second,
        first,
        first,
        second,
    )
    assert wrong(harbour) == [f"event {first} was altered (seal 1)", f"event {second} was altered (seal 1)"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_removed_seal_is_named_with_its_events(harbour: Installation, sql: Sql, number: int) -> None:
    ids = [sealed(harbour) for _ in range(3)]
    sql("DELETE FROM event_seals WHERE id = %s", number)
    found = wrong(harbour)
    assert found[-4:] == [
        f"event {event_id} was inserted, or its seal was removed: it is in no seal and waits for none"
        for event_id in ids[number - 1]
    ]
    assert found[:-4] == ([f"seal {number} removed"] if number < 3 else [])


def test_a_seal_numbered_anew_or_altered_is_named(harbour: Installation, sql: Sql) -> None:
    for _ in range(3):
        sealed(harbour)
    sql("DELETE FROM event_seals WHERE id = 2")
    sql("UPDATE event_seals SET id = 2 WHERE id = 3")
    found = wrong(harbour)
    assert "seal 2 does not follow the one before: one of the two was altered or replaced" in found
    assert "seal 2 was altered, or signed under a key that is not in FIELD_KEYS" in found


def test_events_cut_off_with_their_seal_show_against_the_noted_head(harbour: Installation, sql: Sql) -> None:
    sealed(harbour)
    ids = sealed(harbour)
    head = heads(harbour).head
    assert wrong(harbour, head) == []
    sql("DELETE FROM event_seals WHERE id = 2")
    sql("DELETE FROM events WHERE id = ANY (%s)", ids)
    assert wrong(harbour) == []
    assert wrong(harbour, head) == [f"seal {head} is not in the chain: it was removed or replaced"]


# --- The command -------------------------------------------------------------------------------------------


def test_the_command_ends_with_what_it_found(harbour: Installation, sql: Sql) -> None:
    ids = sealed(harbour)
    change(harbour)
    said = harbour.flask("audit", "verify")
    assert "4 events in 1 seals, 4 not sealed yet; newest seal 1:" in said
    assert "Nothing was altered, removed or inserted." in said
    sql("DELETE FROM events WHERE id = %s", ids[0])
    done = harbour.run("audit", "verify")
    assert done.returncode == 1
    assert f"event {ids[0]} was removed (seal 1)" in done.stderr


def test_the_application_can_neither_unmake_a_seal_nor_hide_an_event(harbour: Installation) -> None:
    sealed(harbour)
    change(harbour)
    with harbour.database.connect("quayside_app") as connection:
        in_port = "SELECT set_config('app.port_id', %s, false), set_config('app.scope', 'staff', false)"
        connection.execute(in_port, (str(NORTH),))
        for table in ("unsealed_events", "event_seals"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
            for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"INSERT INTO {table} DEFAULT VALUES"):
                with pytest.raises(Exception, match="permission denied"):
                    connection.execute(statement)
