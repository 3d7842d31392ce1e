"""Notes: pinned, changed by who wrote them, colleagues named in them."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from sqlalchemy import select, update

from app.clients.models import Client, Mention, Note
from app.db import begin, commit, db
from app.errors import Refused
from app.identity.models import User
from app.notes.mentions import pieces
from app.notifications.models import Notification
from tests.world import NORTH, SOUTH, Visitor, enter, make_client, notes_of, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER, MATE = "sales_manager@north.example", "teammate@north.example"
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]


@pytest.fixture
def client(relayed: Relayed) -> Client:
    client = make_client(enter(MANAGER))
    relayed()
    enter(MANAGER)
    return client


def told() -> list[tuple[str, str | None]]:
    """The mentions in all bells: whose, and where they lead."""
    begin(port_id=NORTH, scope="staff")
    rows = db.session.scalars(select(Notification).where(Notification.type == "mention").order_by(Notification.id))
    names = {user_id(f"{name}@north.example"): name for name in ("teammate", "viewer", "operator", "sales_manager")}
    return [(names[row.user_id], row.words.link) for row in rows]


# --- Pinned ---------------------------------------------------------------------------------------------------


def test_pinning_is_idempotent_and_told_once(client: Client, relayed: Relayed) -> None:
    by = enter(MANAGER)
    note = Note.create(client, "No calls before 10:00", by=by)
    for _ in range(2):
        note.pin(client, by=by)
    assert note.pinned
    for _ in range(2):
        note.unpin(client, by=by)
    assert not note.pinned
    assert relayed() == ["client:noteAdded", "client:notePinned", "client:noteUnpinned"]


def test_a_note_that_was_removed_is_neither_pinned_nor_unpinned(visit: Visit, client: Client) -> None:
    by = enter(MANAGER)
    note = Note.create(client, "Gone", by=by)
    note.archive(client, by=by)
    pin = f"/north/clients/{client.number}/notes/{note.id}/pin"
    commit()
    manager = visit(MANAGER)
    assert [manager.post(pin).status_code, manager.delete(pin).status_code] == [404, 404]
    enter(MANAGER)
    assert not db.session.scalars(select(Note.pinned)).one()


def test_anybody_who_may_edit_pins_and_it_stands_first(visit: Visit, client: Client) -> None:
    by = enter(MANAGER)
    older = Note.create(client, "Older", by=by).id
    Note.create(client, "Newer", by=by)
    url = f"/north/clients/{client.number}"
    commit()
    mate = visit(MATE)
    assert mate.post(f"{url}/notes/{older}/pin").status_code == 303
    page = mate.get(url).text
    assert page.index("Older") < page.index("Newer")
    assert mate.delete(f"{url}/notes/{older}/pin").status_code == 303
    page = mate.get(url).text
    assert page.index(">Newer<") < page.index(">Older<")


# --- Changed --------------------------------------------------------------------------------------------------


def test_a_note_is_changed_by_its_author(visit: Visit, client: Client, relayed: Relayed) -> None:
    note = Note.create(client, "Berth 12", by=enter(MANAGER))
    url, note_id = f"/north/clients/{client.number}", note.id
    relayed()
    author = visit(MANAGER)
    opened = author.form(f"{url}/notes/{note_id}/edit")
    for _ in range(2):
        assert author.put(f"{url}/notes/{note_id}", {**opened, "body": "Berth 21"}).status_code == 303
    assert relayed() == ["client:noteUpdated"]
    page = author.get(url).text
    assert "<del>Berth 12</del>" in page
    assert "<ins>Berth 21</ins>" in page
    empty = author.put(f"{url}/notes/{note_id}", {**opened, "body": " "})
    assert empty.status_code == 422
    assert "Write the note first." in empty.text


def test_nobody_else_changes_it(visit: Visit, client: Client) -> None:
    note = Note.create(client, "Berth 12", by=enter(MANAGER))
    url = f"/north/clients/{client.number}/notes/{note.id}"
    with pytest.raises(Refused):
        note.update(client, "Berth 21", by=enter(MATE))
    commit()
    mate = visit(MATE)
    assert mate.get(f"{url}/edit").status_code == 409
    refused = mate.put(url, {"body": "Berth 21"})
    assert refused.status_code == 409
    assert "Only Sales Manager North can change this note." in refused.text


def test_two_windows_of_the_author_do_not_overwrite_each_other(visit: Visit, client: Client) -> None:
    note = Note.create(client, "Berth 12", by=enter(MANAGER))
    url = f"/north/clients/{client.number}/notes/{note.id}"
    commit()
    author = visit(MANAGER)
    opened = author.form(f"{url}/edit")
    author.put(url, {**opened, "body": "Berth 13"})
    clash = author.put(url, {**opened, "body": "Berth 14"})
    assert clash.status_code == 409
    assert all(body in clash.text for body in ("Berth 12", "Berth 13", "Berth 14"))


# --- Mentions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("@Mats Berg, call them", ["@Mats Berg"]),
        ("ask @mats berg and @Ann.", ["@mats berg", "@Ann"]),
        ("@Mats Bergström", []),
        ("mail x@Ann or @@Ann", ["@Ann"]),
        ("@Ann-Marie Berg", ["@Ann-Marie Berg"]),
        ("@", []),
    ],
)
def test_names_are_read_from_the_text(body: str, found: list[str]) -> None:
    read = list(pieces(body, {"mats berg", "ann", "ann-marie berg"}))
    assert [text for text, is_name in read if is_name] == found
    assert "".join(text for text, _is_name in read) == body


def test_who_is_named_is_told_once_with_a_link(visit: Visit, client: Client, relayed: Relayed) -> None:
    url = f"/north/clients/{client.number}"
    author = visit(MANAGER)
    form = {**author.form(url), "body": "@Team Mate and @Sales Manager North: see @Viewer North, not @Viewer South"}
    assert author.post(f"{url}/notes", form).status_code == 303
    relayed()
    enter(MANAGER)
    (note,) = notes_of(client)
    link = f"{url}#note-{note.id}"
    assert sorted(told()) == [("teammate", link), ("viewer", link)]
    changed = author.form(f"{url}/notes/{note.id}/edit")
    author.put(f"{url}/notes/{note.id}", {**changed, "body": "Nobody"})
    changed = author.form(f"{url}/notes/{note.id}/edit")
    author.put(f"{url}/notes/{note.id}", {**changed, "body": "@Team Mate, @Viewer North"})
    relayed()
    assert len(told()) == 2, "who was told is not told again"
    page = author.get(url).text
    assert '<b class="mention">@Team Mate</b>' in page


def test_who_may_not_see_the_client_is_not_told(client: Client, relayed: Relayed) -> None:
    by = enter(MANAGER)
    Note.create(client, "@Operator North, please call", by=by)
    relayed()
    assert told() == []
    by = enter(MANAGER)
    theirs = make_client(by, full_name="Of The Operator", owner_id=user_id("operator@north.example"))
    Note.create(theirs, "@Operator North, please call", by=by)
    relayed()
    assert [name for name, _link in told()] == ["operator"]


def test_a_renamed_colleague_is_shown_by_the_new_name(client: Client) -> None:
    Note.create(client, "Ask @team mate first", by=enter(MANAGER))
    mention = db.session.scalars(select(Mention)).one()
    assert mention.user_id == user_id(MATE)
    begin(port_id=NORTH, user_id=user_id(MATE), scope="staff")
    db.session.execute(update(User).where(User.id == user_id(MATE)).values(name="Tina Mate"))
    enter(MANAGER)
    assert notes_of(client)[0].pieces == [("Ask ", False), ("@Tina Mate", True), (" first", False)]


def test_colleagues_of_another_port_are_not_named(client: Client) -> None:
    Note.create(client, "@Viewer South", by=enter(MANAGER))
    assert db.session.scalars(select(Mention)).all() == []
    assert SOUTH != NORTH


def test_the_form_offers_the_names(visit: Visit, client: Client) -> None:
    url = f"/north/clients/{client.number}"
    page = unescape(visit(MANAGER).get(url).text)
    assert '<option value="Team Mate">' in page
    assert "Viewer South" not in page
