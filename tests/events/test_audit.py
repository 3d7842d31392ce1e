"""The audit log: filters, words, what is masked, export, and the cost of a page."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from app.admin.models import SettingsSheet
from app.clients.models import Client, Note
from app.db import begin, commit, now
from app.events.audit import Asked, browser_of, masked
from app.events.models import System, record
from app.events.registry import EVENTS
from app.events.subjects import LABELS
from app.events.timeline import TELLERS
from app.identity.models import Role, Team, User
from app.tags.models import Tag
from tests.servers import Installation
from tests.world import NORTH, SOUTH, Visitor, enter, make_client, user_id

ADMIN = "port_admin@north.example"
MANAGER = "sales_manager@north.example"
LOG = "/north/admin/audit"

Visit = Callable[[str], Visitor]


def told(page: str) -> list[str]:
    """The sentences of the page, newest first."""
    found = re.findall(r'<div class="told">.*?<p>(.*?)</p>', page, re.S)
    return [unescape(sentence) for sentence in found]


def lea(**fields: object) -> Client:
    return make_client(enter(MANAGER), email="lea@example.com", phone="+33 1 42 68 53 00", **fields)


def test_every_registered_event_is_told_in_words(app: Flask) -> None:
    assert set(EVENTS) - set(TELLERS) == set()


def test_newest_first_in_words_with_old_and_new(db: SQLAlchemy, visit: Visit) -> None:
    client = lea(town="Toulon")
    client.update({"town": "Antibes"}, by=enter(MANAGER))
    client.archive(by=enter(MANAGER))
    commit()
    page = visit(ADMIN).get(LOG)
    assert told(page.text)[:5] == [
        "archived this client",
        "changed the details",
        "added a contact",
        "added a contact",
        "added this client",
    ]
    assert "<dt>Town</dt><dd><del>Toulon</del> → <ins>Antibes</ins>" in page.text
    assert f'href="/north/clients/{client.number}">Léa Marchand</a>' in page.text
    assert "Sales Manager North" in page.text


def test_address_browser_and_request_stand_beside(db: SQLAlchemy, visit: Visit) -> None:
    number = lea().number
    commit()
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    manager = visit(MANAGER)
    manager.post(
        f"/north/clients/{number}/archival",
        headers={"User-Agent": agent, "X-Request-ID": "abcdefgh-1"},
        environ_overrides={"REMOTE_ADDR": "203.0.113.9"},
    )
    page = visit(ADMIN).get(LOG).text
    row = page.partition("<tbody")[2].partition("archived this client")[2].partition("</tr>")[0]
    assert "203.0.113.9" in row
    assert "Firefox, Linux" in row
    assert agent in row
    request_id = db.session.scalar(text("SELECT request_id FROM events WHERE name = 'client:archived'"))
    assert request_id
    assert request_id in row


def test_the_other_port_is_not_in_it(db: SQLAlchemy, visit: Visit) -> None:
    make_client(enter("sales_manager@south.example", "south"), full_name="Sigrid South")
    client = lea()
    commit()
    page = visit(ADMIN).get(LOG).text
    assert "Léa Marchand" in page
    assert "Sigrid South" not in page
    event_id = db.session.scalar(text("SELECT id FROM events WHERE port_id = :port LIMIT 1"), {"port": SOUTH})
    assert event_id is None  # not even for the connection, which acts for Port North now
    assert client.port_id == NORTH


def test_signing_in_is_told_of_members_and_of_nobody_else(db: SQLAlchemy, visit: Visit) -> None:
    for email in (MANAGER, "sales_manager@south.example"):
        begin(user_id=user_id(email), scope="staff")
        member = enter(email, None)
        record("auth:login", by=member, subject_type="user", subject_id=member.id, port_id=None, email=email)
    commit()
    page = visit(ADMIN).get(f"{LOG}?what=auth").text
    assert told(page) == ["signed in"]
    assert "Sales Manager South" not in page
    assert len(told(visit("super@quayside.example").get(f"{LOG}?what=auth").text)) == 2


# --- Filters -----------------------------------------------------------------------------------------------


def test_who_what_when_and_field_narrow_it(db: SQLAlchemy, visit: Visit) -> None:
    client, other = lea(), make_client(enter("sales_agent@north.example"), full_name="Otto Other")
    client.update({"town": "Toulon"}, by=enter(MANAGER))
    client.update({"status": "active"}, by=enter("sales_agent@north.example"))
    Note.create(client, "Calls after ten", by=System())
    other_id = other.id
    commit()
    admin, agent = visit(ADMIN), user_id("sales_agent@north.example")
    today = now().astimezone(ZoneInfo("Europe/Helsinki")).date()
    expected = {
        f"actor={agent}": ["changed the details", "added this client"],
        "actor=system": ["noted “Calls after ten”"],
        "what=client:updated": ["changed the details"] * 2,
        "what=contact": ["added a contact"] * 2,
        "field=town": ["changed the details"],
        f"field=town&actor={agent}": [],
        f"subject=client:{other_id}": ["added this client"],
        f"what=client:updated&from={today}": ["changed the details"] * 2,
        f"what=client:updated&to={today}": ["changed the details"] * 2,
        f"from={today + timedelta(days=1)}": [],
        f"to={today - timedelta(days=1)}": [],
    }
    found = {query: told(admin.get(f"{LOG}?{query}").text) for query in expected}
    assert found == expected


def test_a_day_is_a_day_in_the_zone_of_the_port(app: Flask, db: SQLAlchemy) -> None:
    """In Helsinki the 21st begins two hours before it does in UTC."""
    member = enter(ADMIN)
    conditions = Asked.read({"from": "2026-11-21", "to": "2026-11-21"}).conditions(member)
    bounds = [one.right.value for one in conditions if one.left.name == "occurred_at"]
    assert [bound.astimezone(UTC).isoformat() for bound in bounds] == [
        "2026-11-20T22:00:00+00:00",
        "2026-11-21T22:00:00+00:00",
    ]


@pytest.mark.usefixtures("app")  # which registers the kinds of records
def test_the_log_is_narrowed_to_a_record_of_any_kind() -> None:
    one = uuid.uuid4()
    read = {kind: Asked.read({"subject": f"{kind}:{one}"}).subject for kind in LABELS}
    assert read == {kind: (kind, one) for kind in LABELS}


@pytest.mark.parametrize(
    "query",
    ["actor=x", "what=client:vanished", "subject=client", "subject=client:7", "from=2026-13-01", "to=x", "field=gone"],
)
def test_what_cannot_be_read_narrows_nothing(db: SQLAlchemy, visit: Visit, query: str) -> None:
    lea()
    commit()
    assert told(visit(ADMIN).get(f"{LOG}?{query}").text)[-1] == "added this client"


def test_a_cursor_of_nobody_is_refused(visit: Visit) -> None:
    assert visit(ADMIN).get(f"{LOG}?before=x").status_code == 400


def test_filtered_to_nothing_says_so(visit: Visit) -> None:
    page = visit(ADMIN).get(f"{LOG}?what=import:failed")
    assert page.status_code == 200
    assert "Nothing matches" in page.text


def test_paging_there_and_back_shows_each_event_once(db: SQLAlchemy, visit: Visit) -> None:
    client, member = lea(), enter(MANAGER)
    for at in range(120):
        client.update({"town": f"Quay {at}"}, by=member)
    commit()
    admin = visit(ADMIN)
    pages, url = [], f"{LOG}?what=client:updated"
    while url:
        pages.append(admin.get(url).text)
        link = re.search(r'href="([^"]*before=[^"]*)"', pages[-1])
        url = unescape(link[1]) if link else ""
    assert [re.findall(r"<ins>Quay (\d+)", page) for page in pages] == [
        [str(at) for at in reversed(range(low, high))] for low, high in ((70, 120), (20, 70), (0, 20))
    ]
    newer = re.search(r'href="([^"]*after=[^"]*)"', pages[2])
    assert newer
    assert re.findall(r"<ins>Quay (\d+)", admin.get(unescape(newer[1])).text) == [
        str(at) for at in reversed(range(20, 70))
    ]


# --- What not everybody sees -------------------------------------------------------------------------------


def only_the_log(db: SQLAlchemy) -> str:
    """Somebody who may read the log, and open no client."""
    email, moment = "technician@north.example", now()
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    db.session.execute(
        text(
            "INSERT INTO port_role_overrides (id, port_id, role_id, permission_overrides, created_at, updated_at)"
            " SELECT gen_random_uuid(), :port, id, CAST(:overrides AS jsonb), :now, :now FROM roles"
            " WHERE name = 'technician'"
        ),
        {"port": NORTH, "overrides": json.dumps({"admin": {"view_audit_log": True}}), "now": moment},
    )
    commit()
    return email


def test_personal_values_are_masked_from_who_may_not_open_the_record(db: SQLAlchemy, visit: Visit) -> None:
    client = lea(tax_number="FR32555014022", nationality="FR")
    Note.create(client, "Allergic to shellfish", by=enter(MANAGER))
    commit()
    personal = ("lea@example.com", "+33 1 42 68 53 00", "FR32555014022", "Allergic", "Léa Marchand")
    full = visit(ADMIN).get(LOG).text
    hidden = visit(only_the_log(db)).get(LOG).text
    assert [value for value in personal if value not in full] == []
    assert [value for value in personal if value in hidden] == []
    assert "l•••@example.com" in hidden
    assert "<ins>•••00</ins>" in hidden
    assert "France" in hidden  # what is not personal stays
    assert 'form="row-actions"' not in hidden


def test_who_sees_own_clients_only_sees_those_alone_unmasked(db: SQLAlchemy, visit: Visit) -> None:
    email = "technician@north.example"
    lea(owner_id=user_id(email))
    make_client(enter(MANAGER), full_name="Otto Other", email="otto@example.com")
    only_the_log(db)
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    db.session.execute(
        text("UPDATE port_role_overrides SET permission_overrides = CAST(:overrides AS jsonb)"),
        {"overrides": json.dumps({"admin": {"view_audit_log": True}, "clients": {"view_own": True}})},
    )
    commit()
    page = visit(email).get(LOG).text
    assert "lea@example.com" in page
    assert "otto@example.com" not in page


def test_what_it_is_about_leads_to_its_page(db: SQLAlchemy, visit: Visit) -> None:
    member = enter(ADMIN)
    tag = Tag.create("VIP", "teal", port_id=NORTH, by=member)
    team = Team.create(name="Night watch", supervisor_id=None, by=member)
    SettingsSheet.locked(member).update({"portal_signup": True}, by=member)
    somebody = db.session.scalars(select(User).where(User.email == "viewer@north.example")).one()
    operator = db.session.scalars(select(Role.id).where(Role.name == "operator")).one()
    somebody.change_roles({operator: True}, by=member)
    pages = {
        f"/north/admin/tags/{tag.id}/edit",
        f"/north/admin/teams/{team.id}",
        f"/north/admin/users/{somebody.id}",
        "/north/admin/settings",
    }
    commit()
    admin = visit(ADMIN)
    assert pages <= set(re.findall(r'href="([^"?]+)', admin.get(LOG).text))
    assert {admin.get(page).status_code for page in pages} == {200}
    # A director looks after people, and neither after tags nor settings.
    opened = pages & set(re.findall(r'href="([^"?]+)', visit("director@north.example").get(LOG).text))
    assert opened == {f"/north/admin/teams/{team.id}", f"/north/admin/users/{somebody.id}"}


def test_what_was_erased_is_shown_as_erased(committed: Installation) -> None:
    with committed.app.app_context():
        client_id = lea().id
        commit()
        with committed.database.connect() as owner:
            owner.execute("DELETE FROM subject_keys WHERE subject_id = %s", (client_id,))
        page = Visitor.of(committed.app, ADMIN).get(f"{LOG}?subject=client:{client_id}").text
        whole = told(page)
        event_id = re.findall(r'id="event-([^"]+)"', page)[0]
        show = Visitor.of(committed.app, ADMIN).get(f"{LOG}/{event_id}").text
    assert whole == ["did something that was erased since"] * 3
    assert "Erased" in page
    assert "lea@example.com" not in page
    assert "Sales Manager North" in page  # who it was is not the client's
    assert "erased" in show


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("lea@example.com", "l•••@example.com"),
        ("+33 1 42 68 53 00", "•••00"),
        ("FR 32 555", "•••"),
        ("14 quai des Voiliers, 83000 Toulon", "•••on"),
        ("", ""),
    ],
)
def test_masking(value: str, shown: str) -> None:
    assert masked(value) == shown


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_browsers(agent: str, shown: str) -> None:
    assert browser_of(agent) == shown


def test_a_refused_sign_in_names_whom() -> None:
    assert "x@y.example" in TELLERS["auth:failed"][2]({"email": "x@y.example"})


# --- Cost --------------------------------------------------------------------------------------------------


def test_a_page_takes_as_many_statements_for_fifty_events_as_for_one(
    db: SQLAlchemy, visit: Visit, statements: list[str]
) -> None:
    member = enter(MANAGER)
    for at in range(30):
        make_client(member, full_name=f"Client {at}", email=f"c{at}@example.com")
    commit()
    admin = visit(ADMIN)
    statements.clear()
    page = admin.get(LOG).text
    assert len(told(page)) == 50
    # Who asks, whom they know, the events, the names of the clients.
    assert len(statements) == 4


# --- Export ------------------------------------------------------------------------------------------------


def exported(visitor: Visitor, **asked: str) -> list[dict[str, str]]:
    answer = visitor.post(f"{LOG}/exports", asked)
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert "attachment; filename=audit-north-" in answer.headers["Content-Disposition"]
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text[1:])))


def test_the_file_holds_what_the_filter_shows_and_its_making_is_recorded(
    db: SQLAlchemy, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.events.export.PAGE", 7)
    client = lea()
    for at in range(20):
        client.update({"town": f"Quay {at}"}, by=enter(MANAGER))
    commit()
    admin = visit(ADMIN)
    rows = exported(admin, what="client:updated", field="town")
    assert [row["Changes"].rpartition(" ")[2] for row in rows] == [str(at) for at in reversed(range(20))]
    assert {row["What"] for row in rows} == {"changed the details"}
    assert {row["About"] for row in rows} == {"Léa Marchand"}
    assert {row["Event"] for row in rows} == {"client:updated"}
    page = admin.get(LOG).text
    assert told(page)[0] == "exported 20 entries of the audit log"
    assert len(exported(admin)) == 24  # the export before, and what it exported; not itself


def test_nothing_is_exported_as_a_formula(db: SQLAlchemy, visit: Visit) -> None:
    for name in ("=1+1", "+41", "-41", "@cmd", "Plain"):
        make_client(enter(MANAGER), full_name=name)
    commit()
    about = {row["About"] for row in exported(visit(ADMIN))}
    assert about == {"'=1+1", "'+41", "'-41", "'@cmd", "Plain"}


def test_the_file_is_masked_like_the_page(db: SQLAlchemy, visit: Visit) -> None:
    lea(tax_number="FR32555014022")
    commit()
    answer = visit(only_the_log(db)).post(f"{LOG}/exports")
    assert "lea@example.com" not in answer.text
    assert "FR32555014022" not in answer.text
    assert "l•••@example.com" in answer.text


def test_an_empty_file_has_its_head(db: SQLAlchemy, visit: Visit) -> None:
    assert exported(visit(ADMIN), what="import:failed") == []


def test_an_event_nobody_has_is_not_there(visit: Visit) -> None:
    assert visit(ADMIN).get(f"{LOG}/{uuid.uuid4()}").status_code == 404
