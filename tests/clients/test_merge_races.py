"""Merging while somebody else is at one of the two: each with a connection of their own, in either order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.clients.models import Client
from app.db import commit
from app.vessels.models import Vessel
from tests.servers import Installation
from tests.waiting import Beside, together
from tests.world import PDF, Visitor, enter, make_client

MINE, THEIRS = "sales_manager@north.example", "teammate@north.example"
CLIENTS = "/north/clients"
TABLES = (
    "once_keys, clients, client_contacts, client_notes, client_relationships, client_merge_log, vessels,"
    " vessel_ownerships, files, outbox, events"
)


@pytest.fixture
def inside(committed: Installation) -> Iterator[Flask]:
    yield committed.app
    with committed.database.connect() as connection:
        connection.execute(f"TRUNCATE {TABLES} CASCADE")


@dataclass(frozen=True)
class Cast:
    """Two colleagues, and the numbers of those who are merged: Ann stays, her other entry goes, Cy is somebody else
    with a vessel."""

    site: Installation
    mine: Visitor
    theirs: Visitor
    ann: int
    other: int
    cy: int
    vessel: int

    def merge(self, survivor: int, merged: int) -> Callable[[], TestResponse]:
        form = self.mine.form(f"{CLIENTS}/{survivor}/mergers/new?other={merged}")
        return lambda: self.mine.post(f"{CLIENTS}/{survivor}/mergers", form)

    def undo(self) -> Callable[[], TestResponse]:
        """Of the merge that stands."""
        ((number, merge_id),) = self.rows(
            "SELECT number, m.id FROM client_merge_log m JOIN clients c ON c.id = survivor_id WHERE undone_at IS NULL"
        )
        return lambda: self.mine.delete(f"{CLIENTS}/{number}/mergers/{merge_id}")

    def sends(self, page: str, url: str, **typed: Any) -> Callable[[], TestResponse]:
        """What the colleague sends from a page that is open already; sent on as a browser does it."""
        form = {**self.theirs.form(page), **typed}

        def send() -> TestResponse:
            answer = self.theirs.post(url, form)
            return self.theirs.post(answer.headers["Location"], form) if answer.status_code == 307 else answer

        return send

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.site.database.connect() as connection:
            return connection.execute(statement, values).fetchall()

    def standing(self) -> list[int]:
        return [number for (number,) in self.rows("SELECT number FROM clients WHERE archived_at IS NULL ORDER BY 1")]


@pytest.fixture
def cast(committed: Installation, inside: Flask) -> Cast:
    with inside.app_context():
        by = enter(MINE)
        ann = make_client(by, full_name="Ann North", town="Nice", email="ann@example.com")
        other = make_client(by, full_name="A. North", phone="+358405550113")
        cy = make_client(by, full_name="Cy West")
        vessel = Vessel.create(cy, {"name": "Vesper"}, by=by)
        numbers = [one.number for one in (ann, other, cy, vessel)]
        commit()
        return Cast(committed, Visitor.of(inside, MINE), Visitor.of(inside, THEIRS), *numbers)


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def in_turn(site: Installation, number: int, *acts: Callable[[], TestResponse]) -> list[TestResponse]:
    """What each is answered when it came to this client, which was locked, behind the one before it."""
    running: list[Beside[TestResponse]] = []
    with site.database.connect() as holder, site.database.connect() as looking:
        with holder.transaction():
            holder.execute("SELECT FROM clients WHERE number = %s FOR UPDATE", (number,))
            for act in acts:
                running.append(Beside(act))
                until = time.monotonic() + 10
                while looking.execute(WAITING).fetchone() != (len(running),):
                    assert time.monotonic() < until, "it never came to a locked client"
        return [one.answer() for one in running]


def either_order(first: Callable[[], TestResponse], second: Callable[[], TestResponse], turn: int) -> Sequence[Any]:
    return (first, second) if turn == 0 else (second, first)


@pytest.fixture(params=[0, 1], ids=["merged first", "merged after"])
def turn(request: pytest.FixtureRequest) -> int:
    return int(request.param)


ADDED = {
    "note": ("", "notes", {"body": "Prefers the inner harbour"}, "client_notes", "client_id"),
    "contact": ("/contacts/new", "contacts", {"value": "quay@example.com"}, "client_contacts", "client_id"),
}


@pytest.mark.parametrize("what", ADDED)
def test_what_is_added_meanwhile_is_with_who_stays(cast: Cast, turn: int, what: str) -> None:
    page, below, typed, table, column = ADDED[what]
    add = cast.sends(f"{CLIENTS}/{cast.other}{page}", f"{CLIENTS}/{cast.other}/{below}", **typed)
    before = cast.rows(f"SELECT count(*) FROM {table}")[0][0]
    answers = in_turn(cast.site, cast.other, *either_order(cast.merge(cast.ann, cast.other), add, turn))
    is_asked = turn == 1 and what == "contact"  # that changes the client, so merging looks again
    assert [answer.status_code for answer in answers] == [303, 409 if is_asked else 303]
    if is_asked:
        assert cast.merge(cast.ann, cast.other)().status_code == 303
    held = cast.rows(f"SELECT number, count(*) FROM {table} t JOIN clients c ON c.id = t.{column} GROUP BY 1")
    assert held == [(cast.ann, before + 1)]


def test_a_file_that_is_sent_meanwhile_is_with_who_stays(cast: Cast, turn: int) -> None:
    url = f"/north/files?of=clients&number={cast.other}"
    form = cast.theirs.form(f"/north/files/new?of=clients&number={cast.other}")
    sent = {**form, "files": (BytesIO(PDF), "plan.pdf"), "category": "other"}
    send = lambda: cast.theirs.post(url, sent, content_type="multipart/form-data")  # noqa: E731
    answers = in_turn(cast.site, cast.other, *either_order(cast.merge(cast.ann, cast.other), send, turn))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert cast.rows("SELECT clients.number FROM files JOIN clients ON clients.id = client_id") == [(cast.ann,)]


def test_a_vessel_that_is_entered_meanwhile_is_with_who_stays_or_asked_about(cast: Cast, turn: int) -> None:
    owner = f"A. North · {cast.other}"
    form = {**cast.theirs.form("/north/vessels/new"), "name": "Aurora", "client": owner}
    add = lambda: cast.theirs.post("/north/vessels", form)  # noqa: E731
    answers = in_turn(cast.site, cast.other, *either_order(cast.merge(cast.ann, cast.other), add, turn))
    held = cast.rows("SELECT c.number FROM vessels v JOIN clients c ON c.id = client_id WHERE name = 'Aurora'")
    if turn:
        assert [answer.status_code for answer in answers] == [303, 303]
        assert held == [(cast.ann,)]
    else:
        assert answers[1].status_code == 409
        assert "merged into another client meanwhile" in answers[1].text
        assert 'value="Aurora"' in answers[1].text
        assert held == []


def test_a_vessel_that_changes_hands_meanwhile_is_with_who_stays_or_asked_about(cast: Cast, turn: int) -> None:
    page = f"/north/vessels/{cast.vessel}/transfers"
    form = {**cast.theirs.form(f"{page}/new"), "client": f"A. North · {cast.other}"}
    sell = lambda: cast.theirs.post(page, form)  # noqa: E731
    answers = in_turn(cast.site, cast.other, *either_order(cast.merge(cast.ann, cast.other), sell, turn))
    held = cast.rows("SELECT c.number FROM vessels v JOIN clients c ON c.id = client_id")
    assert ([answer.status_code for answer in answers], held) == (
        ([303, 303], [(cast.ann,)]) if turn else ([303, 409], [(cast.cy,)])
    )


def test_who_is_related_meanwhile_is_related_to_who_stays(cast: Cast, turn: int) -> None:
    page = f"{CLIENTS}/{cast.other}/relationships"
    relate = cast.sends(f"{page}/new", page, client=f"Cy West · {cast.cy}", relation="has-captain")
    answers = in_turn(cast.site, cast.other, *either_order(cast.merge(cast.ann, cast.other), relate, turn))
    assert sorted(answer.status_code for answer in answers) == [303, 303]
    assert cast.rows("SELECT number FROM client_relationships JOIN clients ON clients.id = to_id") == [(cast.ann,)]


def test_an_edit_of_who_stays_is_kept_and_merging_looks_again(cast: Cast, turn: int) -> None:
    url = f"{CLIENTS}/{cast.ann}"
    form = {**cast.theirs.form(f"{url}/edit"), "street": "Rantakatu 8"}
    edit = lambda: cast.theirs.put(url, form)  # noqa: E731
    answers = in_turn(cast.site, cast.ann, *either_order(cast.merge(cast.ann, cast.other), edit, turn))
    assert [answer.status_code for answer in answers] == ([303, 409] if turn else [303, 303])
    assert cast.rows("SELECT street FROM clients WHERE number = %s", cast.ann) == [("Rantakatu 8",)]


def test_an_edit_of_who_goes_is_kept_or_refused(cast: Cast, turn: int) -> None:
    url = f"{CLIENTS}/{cast.other}"
    form = {**cast.theirs.form(f"{url}/edit"), "street": "Rantakatu 8"}
    edit = lambda: cast.theirs.put(url, form)  # noqa: E731
    answers = in_turn(cast.site, cast.other, *either_order(cast.merge(cast.ann, cast.other), edit, turn))
    assert [answer.status_code for answer in answers] == [303, 409]
    assert cast.rows("SELECT street FROM clients WHERE number = %s", cast.other) == [("Rantakatu 8" if turn else "",)]
    assert len(cast.standing()) == (3 if turn else 2)


def test_merged_by_two_at_once_is_merged_once(cast: Cast) -> None:
    form = cast.theirs.form(f"{CLIENTS}/{cast.ann}/mergers/new?other={cast.other}")
    theirs = lambda: cast.theirs.post(f"{CLIENTS}/{cast.ann}/mergers", form)  # noqa: E731
    answers = in_turn(cast.site, cast.other, cast.merge(cast.ann, cast.other), theirs)
    assert [answer.status_code for answer in answers] == [303, 409]
    assert "was merged into another client meanwhile" in answers[1].text
    assert cast.rows("SELECT count(*) FROM client_merge_log") == [(1,)]


def test_each_into_the_other_at_once_leaves_one_of_them(cast: Cast) -> None:
    for _ in range(3):
        there, back = (
            cast.merge(cast.ann, cast.other),
            cast.theirs.form(f"{CLIENTS}/{cast.other}/mergers/new?other={cast.ann}"),
        )
        url = f"{CLIENTS}/{cast.other}/mergers"
        answers = together(there, lambda url=url, back=back: cast.theirs.post(url, back))  # type: ignore[misc]
        assert sorted(answer.status_code for answer in answers) == [303, 409]
        assert len(cast.standing()) == 2
        assert cast.undo()().status_code == 303


def test_two_merges_of_one_client_at_once_are_one_or_a_chain(cast: Cast, turn: int) -> None:
    """Ann's other entry goes into her, while Cy goes into that entry."""
    into_ann = cast.merge(cast.ann, cast.other)
    form = cast.theirs.form(f"{CLIENTS}/{cast.other}/mergers/new?other={cast.cy}")
    into_other = lambda: cast.theirs.post(f"{CLIENTS}/{cast.other}/mergers", form)  # noqa: E731
    answers = in_turn(cast.site, cast.other, *either_order(into_ann, into_other, turn))
    assert [answer.status_code for answer in answers] == [303, 409]
    assert cast.standing() == ([cast.ann, cast.other] if turn else [cast.ann, cast.cy])


def test_undone_by_two_at_once_is_undone_once(cast: Cast) -> None:
    assert cast.merge(cast.ann, cast.other)().status_code == 303
    undo = cast.undo()
    assert sorted(answer.status_code for answer in in_turn(cast.site, cast.other, undo, undo)) == [303, 409]
    assert cast.standing() == [cast.ann, cast.other, cast.cy]
    assert cast.rows("SELECT count(*) FROM events WHERE name = 'client:unmerged'") == [(2,)]


def test_a_second_merge_while_the_first_is_undone(cast: Cast, turn: int) -> None:
    """Whichever is first: nothing of either is lost."""
    assert cast.merge(cast.ann, cast.other)().status_code == 303
    undo, merge = cast.undo(), cast.merge(cast.ann, cast.cy)
    answers = in_turn(cast.site, cast.ann, *either_order(undo, merge, turn))
    # The one behind finds another Ann than it looked at; or a later merge that has to be undone first.
    assert [answer.status_code for answer in answers] == [303, 409]
    assert cast.standing() == ([cast.ann] if turn else [cast.ann, cast.other, cast.cy])


def test_an_edit_while_the_merge_is_undone_is_kept(cast: Cast, turn: int) -> None:
    assert cast.merge(cast.ann, cast.other)().status_code == 303
    url = f"{CLIENTS}/{cast.ann}"
    form = {**cast.theirs.form(f"{url}/edit"), "street": "Rantakatu 8"}
    edit = lambda: cast.theirs.put(url, form)  # noqa: E731
    answers = in_turn(cast.site, cast.ann, *either_order(cast.undo(), edit, turn))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert cast.rows("SELECT street FROM clients WHERE number = %s", cast.ann) == [("Rantakatu 8",)]
    assert len(cast.standing()) == 3


def test_nobody_goes_on_standing_behind_somebody_who_left(cast: Cast, inside: Flask) -> None:
    """A number leads to the end of all merges, and keeps that one where it is."""
    assert cast.merge(cast.other, cast.cy)().status_code == 303
    assert cast.merge(cast.ann, cast.other)().status_code == 303
    with inside.app_context():
        found = Client.standing(cast.cy, enter(MINE), is_kept=True)
        assert found is not None
        assert found.number == cast.ann
