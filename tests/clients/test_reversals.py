"""Taking a change back from the audit log: a new change, or the reasons why not."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from app.clients.models import Client, Contact
from app.db import begin, commit
from app.db import db as database
from app.events.models import Event
from tests.servers import Installation
from tests.world import NORTH, Visitor, contacts_of, enter, make_client, user_id

ADMIN = "port_admin@north.example"
MANAGER = "sales_manager@north.example"
LOG = "/north/admin/audit"

Visit = Callable[[str], Visitor]


def changed(to: dict[str, Any], **before: Any) -> tuple[uuid.UUID, uuid.UUID]:
    """A client and the change of it; ids of client and event."""
    member = enter(MANAGER)
    client = make_client(member, **before)
    client.update(to, by=member)
    found = client.id, last_event(client.id)
    commit()
    return found


def last_event(client_id: uuid.UUID) -> uuid.UUID:
    newest = select(Event.id).where(Event.subject_id == client_id).order_by(Event.id.desc()).limit(1)
    found: uuid.UUID = db_scalar(newest)
    return found


def db_scalar(statement: Any) -> Any:
    return database.session.scalar(statement)


def now_of(client_id: uuid.UUID) -> Client:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    found: Client = db_scalar(select(Client).where(Client.id == client_id))
    return found


def names(client_id: uuid.UUID) -> list[str]:
    begin(port_id=NORTH, user_id=user_id(MANAGER), scope="staff")
    return list(database.session.scalars(select(Event.name).where(Event.subject_id == client_id).order_by(Event.id)))


def revert(visitor: Visitor, event_id: uuid.UUID) -> Any:
    return visitor.post(f"{LOG}/{event_id}/reversal")


def reasons(answer: Any) -> list[str]:
    assert answer.status_code == 409
    listed = answer.text.partition('<ul class="reasons"')[2].partition("</ul>")[0]
    return [unescape(re.sub("<[^>]+>", "", one)) for one in re.findall(r"<li>(.*?)</li>", listed)]


BEFORE = {
    "town": "Toulon",
    "status": "prospect",
    "languages": ["fr"],
    "marketing_consent": True,
    "owner_id": user_id("teammate@north.example"),
}
AFTER = {
    "town": "Antibes",
    "status": "active",
    "languages": ["fr", "en"],
    "marketing_consent": False,
    "owner_id": None,
    "full_name": "Léa M.",
}


def test_every_kind_of_value_goes_back_as_a_new_change(
    db: SQLAlchemy, visit: Visit, relayed: Callable[[], list[str]]
) -> None:
    client_id, event_id = changed(AFTER, **BEFORE)
    admin = visit(ADMIN)
    assert f'formaction="{LOG}/{event_id}/reversal"' in admin.get(LOG).text
    answer = revert(admin, event_id)
    assert answer.status_code == 303
    assert answer.location.endswith(f"subject=client:{client_id}") or "subject=client%3A" in answer.location
    client = now_of(client_id)
    assert {name: client.shown(name) for name in BEFORE} == BEFORE
    assert client.full_name == "Léa Marchand"
    assert names(client_id) == ["client:created", "client:updated", "client:reverted"]
    page = admin.get(answer.location).text
    assert "took a change of the details back" in page
    assert "Taken back: it is as it was before" in page
    assert "<del>Antibes</del> → <ins>Toulon</ins>" in page
    assert relayed()[-1] == "client:reverted"


def test_taking_back_twice_is_once(db: SQLAlchemy, visit: Visit) -> None:
    client_id, event_id = changed({"town": "Antibes"}, town="Toulon")
    admin = visit(ADMIN)
    for said in ("Taken back: it is as it was before", "It already is as it was before"):
        answer = revert(admin, event_id)
        assert answer.status_code == 303
        assert said in admin.get(answer.location).text
    assert names(client_id).count("client:reverted") == 1


def test_what_was_taken_back_can_be_taken_back(db: SQLAlchemy, visit: Visit) -> None:
    client_id, event_id = changed({"town": "Antibes"}, town="Toulon")
    admin = visit(ADMIN)
    revert(admin, event_id)
    now_of(client_id)
    assert revert(admin, last_event(client_id)).status_code == 303
    assert now_of(client_id).town == "Antibes"


def test_a_field_changed_again_is_named_with_who_and_when_and_nothing_is_written(db: SQLAlchemy, visit: Visit) -> None:
    client_id, event_id = changed({"town": "Antibes", "region": "Var"}, town="Toulon")
    now_of(client_id).update({"town": "Nice"}, by=enter("sales_agent@north.example"))
    commit()
    found = reasons(revert(visit(ADMIN), event_id))
    assert len(found) == 1
    assert re.fullmatch(r"Town: changed again since by Sales Agent North on \d+ \w+ \d{4}, \d\d:\d\d", found[0])
    client = now_of(client_id)
    assert (client.town, client.region) == ("Nice", "Var")
    assert "client:reverted" not in names(client_id)


def test_an_archived_client_stays_as_it_is(db: SQLAlchemy, visit: Visit) -> None:
    client_id, event_id = changed({"town": "Antibes"}, town="Toulon")
    now_of(client_id).archive(by=enter(MANAGER))
    commit()
    assert reasons(revert(visit(ADMIN), event_id)) == ["the record is archived; restore it first"]
    assert now_of(client_id).town == "Antibes"


def test_an_owner_who_left_is_not_given_back(db: SQLAlchemy, visit: Visit) -> None:
    client_id, event_id = changed({"owner_id": None}, owner_id=user_id("sales_manager@south.example"))
    assert reasons(revert(visit(ADMIN), event_id)) == ["Owner: the owner of before is not here any more"]
    assert now_of(client_id).owner_id is None


def test_what_was_erased_cannot_come_back(committed: Installation) -> None:
    with committed.app.app_context():
        client_id, event_id = changed({"town": "Antibes"}, town="Toulon")
        with committed.database.connect() as owner:
            owner.execute("DELETE FROM subject_keys WHERE subject_id = %s", (client_id,))
        answer = revert(Visitor.of(committed.app, ADMIN), event_id)
    assert reasons(answer) == ["what it was before has been erased"]


# --- Contacts ----------------------------------------------------------------------------------------------


def changed_contact(to: dict[str, Any]) -> tuple[uuid.UUID, uuid.UUID]:
    """A client and the change of its first phone number; ids of client and event."""
    member = enter(MANAGER)
    client = make_client(member, phone="+33 1 42 68 53 00")
    Contact.create(client, {"kind": "phone", "value": "+33 6 12 34 56 78"}, country="FR", by=member)
    first = next(one for one in contacts_of(client) if one.is_primary)
    first.update(client, to, country="FR", by=member)
    found = client.id, last_event(client.id)
    commit()
    return found


def phones(client_id: uuid.UUID) -> list[tuple[str, str, bool]]:
    return [(one.value, one.label, one.is_primary) for one in contacts_of(now_of(client_id))]


def test_a_contact_goes_back(db: SQLAlchemy, visit: Visit) -> None:
    to = {"value": "+33 1 42 68 53 99", "label": "Office", "is_primary": False}
    client_id, event_id = changed_contact(to)
    assert revert(visit(ADMIN), event_id).status_code == 303
    assert phones(client_id) == [("+33 1 42 68 53 00", "", True), ("+33 6 12 34 56 78", "", False)]
    assert names(client_id)[-1] == "contact:reverted"


def test_a_contact_changed_again_or_removed_stays(db: SQLAlchemy, visit: Visit) -> None:
    client_id, event_id = changed_contact({"label": "Office"})
    admin = visit(ADMIN)
    client = now_of(client_id)
    first = next(one for one in contacts_of(client) if one.is_primary)
    first.update(client, {"label": "Home"}, country="FR", by=enter(MANAGER))
    commit()
    assert reasons(revert(admin, event_id))[0].startswith("Label: changed again since by Sales Manager North on ")
    client = now_of(client_id)
    next(one for one in contacts_of(client) if one.is_primary).archive(client, by=enter(MANAGER))
    commit()
    assert reasons(revert(admin, event_id)) == ["the contact was removed since"]


def test_a_number_that_stands_there_twice_does_not_come_back(db: SQLAlchemy, visit: Visit) -> None:
    client_id, event_id = changed_contact({"value": "+33 1 42 68 53 99"})
    client = now_of(client_id)
    Contact.create(client, {"kind": "phone", "value": "+33 1 42 68 53 00"}, country="FR", by=enter(MANAGER))
    commit()
    assert reasons(revert(visit(ADMIN), event_id)) == ["Address or number: This client already has it."]


# --- Who may -----------------------------------------------------------------------------------------------


def test_it_takes_the_permission_of_the_edit(db: SQLAlchemy, visit: Visit) -> None:
    """Somebody who reads the log and looks at clients, and edits none."""
    client_id, event_id = changed({"town": "Antibes"}, town="Toulon")
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    db.session.execute(
        text(
            "INSERT INTO port_role_overrides (id, port_id, role_id, permission_overrides, created_at, updated_at)"
            ' SELECT gen_random_uuid(), :port, id, \'{"admin": {"view_audit_log": true}}\', created_at, created_at'
            " FROM roles WHERE name = 'viewer'"
        ),
        {"port": NORTH},
    )
    commit()
    viewer = visit("viewer@north.example")
    page = viewer.get(LOG).text
    assert "changed the details" in page
    assert 'form="row-actions"' not in page
    assert revert(viewer, event_id).status_code == 403
    assert now_of(client_id).town == "Antibes"
    denied = text("SELECT count(*) FROM events WHERE name = 'permission:denied' AND actor_id = :id")
    assert db.session.scalar(denied, {"id": user_id("viewer@north.example")}) == 1


@pytest.mark.parametrize("of", ["another port", "another event"])
def test_nothing_else_can_be_taken_back(db: SQLAlchemy, visit: Visit, of: str) -> None:
    if of == "another port":
        client = make_client(enter("sales_manager@south.example", "south"), town="Toulon")
        client.update({"town": "Antibes"}, by=enter("sales_manager@south.example", "south"))
    else:
        client = make_client(enter(MANAGER))
    event_id = last_event(client.id)
    commit()
    assert revert(visit(ADMIN), event_id).status_code == 404
