"""What clients are to each other: shown on both, told in both, removed and put back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.clients.models import Client, Relationship
from app.clients.models.contact import Unfit
from app.clients.queries import about
from app.db import db
from app.events.timeline import timeline
from tests.world import Visitor, enter, fields_of, make_client, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER = "sales_manager@north.example"
Visit = Callable[[str], Visitor]


def pair() -> tuple[Client, Client]:
    by = enter(MANAGER)
    return make_client(by, full_name="Erwan Kerlann", phone="040 555 0113"), make_client(by, full_name="Léa Marchand")


def people(client: Client) -> list[tuple[str, str]]:
    return [(str(person.relation), person.name) for person in about(client)[0].people]


def test_each_side_has_the_right_word_and_both_timelines_tell_of_it() -> None:
    captain, owner = pair()
    Relationship.create(captain, owner, "captain", by=enter(MANAGER))
    assert people(captain) == [("Captain of", "Léa Marchand")]
    assert people(owner) == [("Captain", "Erwan Kerlann")]
    for client in (captain, owner):
        (entry, *_rest) = timeline("client", client.id)
        assert entry.text == "noted: Erwan Kerlann, captain of Léa Marchand"


def test_verbs_record_once_and_repeat_without_harm(relayed: Callable[[], list[str]]) -> None:
    captain, owner = pair()
    by = enter(MANAGER)
    relationship = Relationship.create(captain, owner, "captain", by=by)
    for _ in range(2):
        relationship.archive(captain, owner, by=by)
    for _ in range(2):
        relationship.restore(captain, owner, by=by)
    happened = [name for name in relayed() if "elationship" in name]
    assert happened == ["client:relationshipAdded", "client:relationshipRemoved", "client:relationshipRestored"]


def test_what_stands_there_is_not_added_again_nor_put_back_beside_it() -> None:
    one, other = pair()
    by = enter(MANAGER)
    first = Relationship.create(one, other, "spouse", by=by)
    for a, b in ((one, other), (other, one)):
        with pytest.raises(Unfit, match="stands here already"):
            Relationship.create(a, b, "spouse", by=by)
    with pytest.raises(Unfit, match="the client itself"):
        Relationship.create(one, one, "agent", by=by)
    Relationship.create(other, one, "agent", by=by)
    first.archive(one, other, by=by)
    Relationship.create(other, one, "spouse", by=by)
    with pytest.raises(Unfit):
        first.restore(one, other, by=by)


def test_a_related_client_is_added_removed_and_put_back(visit: Visit) -> None:
    captain, owner = pair()
    url, captains = (f"/north/clients/{client.number}" for client in (owner, captain))
    manager = visit(MANAGER)
    form = {**manager.form(f"{url}/relationships/new"), "relation": "has-captain", "client": "erwan"}
    assert manager.post(f"{url}/relationships", form).status_code == 303
    assert "+358 40 5550113" in manager.get(url).text.partition("people-title")[2]
    assert "Captain of" in manager.get(captains).text
    enter(MANAGER)
    one = f"{url}/relationships/{db.session.scalars(select(Relationship.id)).one()}"
    assert manager.delete(one).status_code == 303
    page = manager.get(url).text
    assert f"{one}/restoration" in page  # the undo of the toast
    assert manager.post(f"{one}/restoration").status_code == 303
    assert "Erwan Kerlann" in manager.get(url).text.partition("people-title")[2].partition("timeline-title")[0]


def test_bad_input_is_said_and_kept(visit: Visit) -> None:
    _captain, owner = pair()
    url, manager = f"/north/clients/{owner.number}/relationships", visit(MANAGER)
    form = {**manager.form(f"{url}/new"), "relation": "is-broker"}
    for typed, reason in (("", "Type a name"), ("Nobody", "Nobody is called so."), ("Léa Marchand", "client itself")):
        answer = manager.post(url, {**form, "client": typed})
        assert answer.status_code == 422
        assert reason in answer.text
        assert fields_of(answer.text)["client"] == typed


def test_who_may_not_see_the_other_gets_the_name_alone(visit: Visit) -> None:
    by = enter(MANAGER)
    own = make_client(by, full_name="Léa Marchand", owner_id=user_id("operator@north.example"))
    other = make_client(by, full_name="Erwan Kerlann", phone="040 555 0113")
    Relationship.create(other, own, "captain", by=by)
    number, hidden = own.number, other.number
    page = visit("operator@north.example").get(f"/north/clients/{number}").text
    assert "Erwan Kerlann" in page
    assert f"/clients/{hidden}" not in page
    assert "5550113" not in page


def test_choices_are_those_who_begin_so_first_and_may_be_seen(visit: Visit) -> None:
    by = enter(MANAGER)
    make_client(by, full_name="Émile Ørsted", town="Hanko")
    make_client(by, full_name="Emilia Gone").archive(by=by)
    make_client(by, full_name="Zoe Emilson")
    found = visit(MANAGER).get("/north/clients/choices?client=EMIL").text
    assert found.index("Émile Ørsted") < found.index("Zoe Emilson")
    assert "Gone" not in found
    assert "Émile" not in visit("operator@north.example").get("/north/clients/choices?client=emil").text
    assert visit(MANAGER).get("/north/clients/choices?client=%25").text.strip() == ""
