"""Public registration: the page of strangers, what becomes of it, and who looks at it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text

from app import limits
from app.admin.models import SettingsSheet
from app.clients.models import Client, Contact, Duplicate
from app.db import begin, commit, db, now
from app.events.timeline import timeline
from app.interests.models import Interest
from app.jobs import perform
from app.mail.models import Mail
from app.notifications.models import Notification
from app.registration.models import Registration
from app.vessels.models import Vessel
from tests.world import NORTH, Visitor, enter, fields_of, make_client

pytestmark = pytest.mark.usefixtures("db")

ADMIN, MANAGER, VIEWER = "port_admin@north.example", "sales_manager@north.example", "viewer@north.example"
PAGE = "/public/north/register"
ANSWER = {"name": "Ines Okafor", "email": "Ines@Example.com", "consent": "y"}
Visit = Callable[[str], Visitor]


@pytest.fixture
def stranger(app: Flask, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """Before the open page of Port North."""
    monkeypatch.setitem(limits.AMOUNTS, "public", "1000 per hour")
    open_up()
    return Visitor.anonymous(app)


def open_up(**settings: Any) -> None:
    admin = enter(ADMIN)
    SettingsSheet.locked(admin).update({"registration_open": True, **settings}, by=admin)
    commit()


def opened(stranger: Visitor, *, ago: float = 30) -> dict[str, Any]:
    """The form as it was opened so many seconds ago."""
    with time_machine.travel(now() - timedelta(seconds=ago), tick=False):
        return fields_of(stranger.get(PAGE).text)


def send(stranger: Visitor, form: dict[str, Any] | None = None, **typed: str) -> Any:
    """As a browser without cookies does."""
    data = {**(opened(stranger) if form is None else form), **ANSWER, **typed}
    return stranger.open(PAGE, method="POST", data=data)


def take_in() -> int:
    """Do the jobs that wait; how many there were."""
    commit()
    begin()
    owner = "SELECT id FROM jobs WHERE name LIKE '%take_in_registration'"
    begin(port_id=NORTH, scope="staff")
    ids = db.session.scalars(text(owner)).all()
    begin()
    for job_id in ids:
        perform(str(job_id))
    begin(port_id=NORTH, scope="staff")
    return len(ids)


def client_of(registration: Registration) -> Client:
    return db.session.scalars(select(Client).where(Client.id == registration.client_id)).one()


# --- The page -----------------------------------------------------------------------------------------------------


def test_a_port_that_takes_none_or_is_not_there_has_no_page(app: Flask, db: SQLAlchemy) -> None:
    stranger = Visitor.anonymous(app)
    for page in (PAGE, "/public/nowhere/register", "/public/north/brand.css", "/public/%00/register"):
        assert stranger.get(page).status_code in (400, 404)
        assert stranger.open(page, method="POST", data=ANSWER).status_code in (400, 404, 405)
    open_up()
    assert stranger.get(PAGE).status_code == 200
    assert stranger.get("/public/south/register").status_code == 404
    assert stranger.get("/public/north/brand.css").status_code == 200


def test_nothing_is_kept_in_the_browser(stranger: Visitor) -> None:
    page = stranger.get(PAGE)
    assert "csrf_token" not in page.text
    answers = [page, send(stranger), send(stranger, email="nobody"), stranger.get(f"{PAGE}?sent=1")]
    assert [answer.status_code for answer in answers] == [200, 303, 422, 200]
    assert [answer.headers.getlist("Set-Cookie") for answer in answers] == [[]] * 4


def test_the_page_asks_what_the_port_wants_to_know(stranger: Visitor) -> None:
    assert {"vessel", "phone", "wanted_from", "kind", "message"} <= set(opened(stranger))
    off = dict.fromkeys(("vessel", "dates", "kind", "message"), False)
    open_up(**{f"registration_{name}": value for name, value in off.items()}, registration_intro="Ahoy <b>you</b>")
    page = stranger.get(PAGE).text
    assert {"vessel", "loa", "wanted_from", "kind", "message"}.isdisjoint(fields_of(page))
    assert "phone" in fields_of(page)
    assert "Ahoy &lt;b&gt;you&lt;/b&gt;" in page
    assert send(stranger).status_code == 303


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Type your name"),
        ({"name": "…"}, "as you write it"),
        ({"name": "x" * 121}, "longer than 120"),
        ({"email": ""}, "Type your e-mail"),
        ({"email": "ines"}, "has an @"),
        ({"email": "a@b.example, c@d.example"}, "This is not one e-mail address"),
        ({"email": "a@b.example\r\nBcc: all@b.example"}, "not one e-mail address"),
        ({"phone": "call me"}, ""),
        ({"loa": "2000"}, "longer than any vessel"),
        ({"loa": "long"}, "Write metres"),
        ({"wanted_from": "2020-01-01"}, "This day has passed"),
        ({"wanted_from": "2199-05-02", "wanted_until": "2199-05-01"}, "ends before it begins"),
        ({"wanted_from": "2199-05-01", "wanted_until": "2199-05-01"}, "ends before it begins"),
        ({"wanted_until": "2020-01-01"}, "Choose a later day"),
        ({"wanted_from": "soon"}, "Not a valid date"),
        ({"kind": "castle"}, "Not a valid choice"),
        ({"message": "x" * 2001}, "longer than 2000"),
        ({"consent": ""}, "Without this we cannot answer you"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(
    stranger: Visitor, typed: dict[str, Any], said: str
) -> None:
    answer = send(stranger, None, vessel="Belle Étoile", **typed)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Belle Étoile"' in answer.text
    again = fields_of(answer.text)
    assert take_in() == 0
    # Mended, it goes through; the page has a new token.
    with time_machine.travel(now() + timedelta(seconds=10)):
        mended = {**again, **ANSWER, "phone": "", "loa": "", "wanted_from": "", "wanted_until": "", "kind": ""}
        assert stranger.open(PAGE, method="POST", data={**mended, "message": ""}).status_code == 303


def test_naughty_words_are_only_words(stranger: Visitor, visit: Visit) -> None:
    name, message = "<script>alert(1)</script> O'Neil; DROP TABLE", "{{ 7*7 }} ${jndi:ldap://x} \u202e \x00 =1+1"
    assert send(stranger, name=name, message=message).status_code == 303
    take_in()
    page = visit(MANAGER).get("/north/registrations").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in page


def test_a_giant_body_is_refused(stranger: Visitor) -> None:
    assert send(stranger, message="x" * 100_000).status_code == 413


def test_machines_are_told_what_everybody_is_told(stranger: Visitor) -> None:
    assert send(stranger, website="https://spam.example").status_code == 303
    assert take_in() == 0


@pytest.mark.parametrize(
    ("ago", "said"), [(1, "That was very quick"), (13 * 3600, "open for too long")], ids=["quick", "old"]
)
def test_a_form_has_its_time(stranger: Visitor, ago: float, said: str) -> None:
    answer = send(stranger, opened(stranger, ago=ago))
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Ines Okafor"' in answer.text
    assert take_in() == 0


def test_a_token_of_nobody_or_of_another_port_is_none(stranger: Visitor) -> None:
    form = opened(stranger)
    for token in ("", "x", f"{form['token']}x", "a.b.c"):
        assert send(stranger, {**form, "token": token}).status_code == 422
    assert send(stranger, form).status_code == 303


def test_a_foreign_site_cannot_send_it(stranger: Visitor) -> None:
    data = {**opened(stranger), **ANSWER}
    answer = stranger.open(PAGE, method="POST", data=data, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_who_sends_too_often_waits(app: Flask, db: SQLAlchemy) -> None:
    open_up()
    stranger = Visitor.anonymous(app)
    form = opened(stranger)
    answers = [send(stranger, form, message=str(turn)) for turn in range(11)]
    assert [answer.status_code for answer in answers] == [*[303] * 10, 429]
    assert int(answers[-1].headers["Retry-After"]) > 60


def test_sent_twice_it_acts_once(stranger: Visitor) -> None:
    form = opened(stranger)
    assert [send(stranger, form).status_code for _ in range(3)] == [303] * 3
    assert take_in() == 1
    assert send(stranger, form, message="And a buoy").status_code == 303
    assert take_in() == 1


def test_who_is_nobody_sees_and_writes_nothing_else(stranger: Visitor, statements: list[str]) -> None:
    """Beside the two functions, and the job."""
    form = opened(stranger)
    statements.clear()
    assert send(stranger, form).status_code == 303
    asked = [re.sub(r"\s+", " ", statement)[:40] for statement in statements]
    may = re.compile(r"NOTIFY|SELECT (open_port|receive_registration|add_job|set_config)\b")
    assert [line for line in asked if not may.match(line)] == []


# --- What becomes of it -------------------------------------------------------------------------------------------


def test_it_becomes_a_client_with_a_vessel_and_is_told_of(stranger: Visitor, relayed: Callable[[], list[str]]) -> None:
    relayed()
    typed: dict[str, Any] = {
        "phone": "+358 40 123 4567",
        "vessel": "Belle Étoile",
        "loa": "38'",
        "beam": "3,90",
        "kind": "seasonal",
    }
    send(stranger, **typed, wanted_from="2199-05-01", message="With power, please", marketing="y")
    take_in()
    registration = db.session.scalars(select(Registration)).one()
    client = client_of(registration)
    assert (client.full_name, client.source, client.status) == ("Ines Okafor", "website", "prospect")
    assert client.marketing_consent
    contacts = db.session.scalars(select(Contact.normalised).where(Contact.client_id == client.id)).all()
    assert sorted(contacts) == ["+358401234567", "ines@example.com"]
    vessel = db.session.scalars(select(Vessel)).one()
    assert (vessel.name, f"{vessel.loa_declared}", f"{vessel.beam_declared}") == ("Belle Étoile", "11.58", "3.90")
    assert (registration.status, registration.kind, registration.message) == ("new", "seasonal", "With power, please")
    assert registration.sealed is None
    interest = db.session.scalars(select(Interest)).one()
    assert (interest.id, interest.client_id, interest.vessel_id) == (registration.interest_id, client.id, vessel.id)
    assert (interest.source, interest.tenure, interest.notes) == ("website", "seasonal", "With power, please")
    assert "registered on the public page" in [entry.text for entry in timeline("client", client.id)]
    names = relayed()
    assert "registration:new" in names
    begin(port_id=NORTH, scope="staff")
    told = db.session.scalars(select(Notification.user_id).where(Notification.type == "new_registration")).all()
    assert len(told) >= 2


def test_a_job_that_runs_again_does_nothing(stranger: Visitor) -> None:
    send(stranger)
    take_in()
    registration = db.session.scalars(select(Registration)).one()
    port = enter(MANAGER).here()
    assert not registration.take_in(port=port)


def test_who_is_here_already_is_laid_beside_and_never_changed(stranger: Visitor, visit: Visit) -> None:
    known = make_client(enter(MANAGER), full_name="Inès Okafor", email="ines@example.com")
    before = (known.id, known.version)
    commit()
    answer = send(stranger)
    fresh = send(stranger, email="somebody.else@example.com", name="Otto Berg")
    assert (answer.status_code, answer.location) == (fresh.status_code, fresh.location)
    take_in()
    pair = db.session.scalars(select(Duplicate)).one()
    assert before[0] in (pair.a_id, pair.b_id)
    assert pair.reasons == ["email"]
    kept = db.session.scalars(select(Client).where(Client.id == before[0])).one()
    assert (kept.full_name, kept.merged_into_id) == ("Inès Okafor", None)
    assert "Looks like somebody who is here" in visit(MANAGER).get("/north/registrations").text


def test_an_address_gets_one_mail_in_a_day_and_nothing_that_was_typed(stranger: Visitor) -> None:
    for turn in range(3):
        send(stranger, message=f"Buy my watches {turn}", name="Cheap watches")
    take_in()
    mails = db.session.scalars(select(Mail.template).where(Mail.template == "registration")).all()
    assert mails == ["registration"]


def test_a_port_that_is_flooded_closes_for_the_day(stranger: Visitor) -> None:
    form = opened(stranger)
    begin(port_id=NORTH, scope="staff")
    db.session.execute(
        text(
            "INSERT INTO registrations (id, port_id, once_key, status, kind, message, version, created_at, updated_at)"
            " SELECT gen_random_uuid(), :port, int4send(n), 'received', '', '', 1, :now, :now"
            " FROM generate_series(1, 500) n"
        ),
        {"port": NORTH, "now": now()},
    )
    commit()
    answer = send(stranger, form)
    assert answer.status_code == 429
    assert 'value="Ines Okafor"' in answer.text


# --- Who looks at it ----------------------------------------------------------------------------------------------


def test_it_is_accepted_or_put_away_and_comes_back(
    stranger: Visitor, visit: Visit, relayed: Callable[[], list[str]]
) -> None:
    send(stranger)
    take_in()
    registration = db.session.scalars(select(Registration)).one()
    number, client_id = registration.number, registration.client_id
    relayed()
    manager, own = visit(MANAGER), f"/north/registrations/{number}"
    for _ in range(2):
        assert manager.post(f"{own}/spam").status_code == 303
    assert "Ines Okafor" not in manager.get("/north/registrations").text
    assert "Ines Okafor" in manager.get("/north/registrations?status=spam").text
    enter(MANAGER)
    assert db.session.scalars(select(Client).where(Client.id == client_id)).one().is_archived
    for _ in range(2):
        assert manager.delete(f"{own}/spam").status_code == 303
    enter(MANAGER)
    assert not db.session.scalars(select(Client).where(Client.id == client_id)).one().is_archived
    assert relayed() == [
        "registration:markedAsSpam",
        "client:archived",
        "interest:archived",
        "client:restored",
        "interest:restored",
        "registration:accepted",
    ]


def test_a_client_whom_somebody_looks_after_is_not_put_away_as_spam(stranger: Visitor) -> None:
    send(stranger)
    take_in()
    manager = enter(MANAGER)
    registration = db.session.scalars(select(Registration)).one()
    client_of(registration).update({"owner_id": manager.id}, by=manager)
    assert registration.mark_as_spam(by=manager)
    assert not client_of(registration).is_archived


def test_who_may_only_look_has_no_buttons(stranger: Visitor, visit: Visit) -> None:
    send(stranger)
    take_in()
    page = visit(VIEWER).get("/north/registrations").text
    assert "Ines Okafor" in page
    assert "/acceptance" not in page


def test_the_list_takes_few_statements(stranger: Visitor, visit: Visit, statements: list[str]) -> None:
    for turn in range(6):
        send(stranger, name=f"Guest {turn}", email=f"guest{turn}@example.com")
    take_in()
    commit()
    viewer = visit(VIEWER)
    statements.clear()
    assert viewer.get("/north/registrations").text.count('<li id="registration-') == 6
    assert len(statements) <= 2


def test_the_settings_show_the_link(visit: Visit) -> None:
    admin = visit(ADMIN)
    form = admin.form("/north/admin/settings/registration")
    assert "registration_open" not in form
    data = {"_base": form["_base"], "registration_open": "y", "registration_phone": "y"}
    assert admin.put("/north/admin/settings/registration", data).status_code == 303
    assert 'href="/public/north/register"' in admin.get("/north/admin/settings/registration").text
