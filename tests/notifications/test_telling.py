"""Who is told of what, in which ways, and once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.db import begin, commit, db
from app.events.models import Actor, Event, System, record
from app.events.reactions import react
from app.events.registry import EVENTS
from app.events.relay import Relay
from app.identity.models import UserPortRole
from app.jobs import Job, perform
from app.mail import outbox
from app.notifications.models import Notification, NotificationPreference, notify
from app.notifications.reactions import MAILED_ELSEWHERE, SECURITY
from app.notifications.types import TYPES, Channels
from app.schedule import RECURRING, tick
from tests.world import NORTH, PASSWORD, SOUTH, Visitor, enter, make_notification, relay, user_id

pytestmark = pytest.mark.usefixtures("db")

ADMIN, AGENT = "port_admin@north.example", "sales_agent@north.example"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"


@pytest.fixture(autouse=True)
def empty_outbox(app: Flask) -> None:
    for path in (app.extensions["settings"].quayside_home / "outbox").glob("*.eml"):
        path.unlink()


def choose(email: str, type_name: str = "system_alert", *, in_app: bool, mail: bool, digest: bool) -> None:
    begin(user_id=user_id(email), scope="staff")
    NotificationPreference.choose(user_id(email), {type_name: Channels(in_app, mail, digest)})
    commit()


def of(email: str, port_id: uuid.UUID = NORTH) -> list[Notification]:
    begin(port_id=port_id, scope="staff")
    own = select(Notification).where(Notification.user_id == user_id(email)).order_by(Notification.id)
    return list(db.session.scalars(own.execution_options(populate_existing=True)))


def titles(email: str) -> list[str]:
    return [found.words.title for found in of(email)]


def work_off(port_id: uuid.UUID = NORTH) -> None:
    """All that waits in the port, and what comes of it."""
    for _ in range(5):
        begin(port_id=port_id, scope="staff")
        waiting = db.session.scalars(select(Job.id).where(Job.failed_at.is_(None)).order_by(Job.id)).all()
        commit()
        for job_id in waiting:
            perform(str(job_id))


def mails() -> list[tuple[str, str]]:
    return sorted((str(message["To"]), str(message["Subject"])) for _name, message in outbox.kept())


def fail_a_job() -> uuid.UUID:
    begin(port_id=NORTH, scope="staff")
    job_id = uuid.uuid4()
    words: dict[str, Any] = {"queue": "import", "job_id": str(job_id), "error": "ValueError: no"}
    event_id = record("system:jobFailed", by=System(), subject_type="job", subject_id=job_id, port_id=NORTH, **words)
    relay()
    return event_id


def test_who_looks_after_the_port_is_told_and_nobody_else() -> None:
    fail_a_job()
    assert titles(ADMIN) == ["Work in the background failed for good (import)"]
    assert of(ADMIN)[0].words.body == "ValueError: no"
    for other in (AGENT, "director@north.example", "both@quayside.example"):
        assert of(other) == []
    assert of("port_admin@south.example", SOUTH) == []


def test_the_same_event_again_tells_nothing_new() -> None:
    event_id = fail_a_job()
    begin(port_id=NORTH, scope="staff")
    event = db.session.get(Event, event_id)
    assert event
    react(event)
    assert len(of(ADMIN)) == 1


def test_what_it_says_is_sealed() -> None:
    begin(port_id=NORTH, scope="staff")
    found = make_notification(user_id(ADMIN), title="Lea Marchand is late")
    assert b"Marchand" not in found.sealed


@pytest.mark.parametrize("in_app", [True, False])
@pytest.mark.parametrize("mail", [True, False])
@pytest.mark.parametrize("digest", [True, False])
def test_every_channel_is_respected(in_app: bool, mail: bool, digest: bool) -> None:
    choose(ADMIN, in_app=in_app, mail=mail, digest=digest)
    fail_a_job()
    listed = [found for found in of(ADMIN) if found.in_app]
    assert bool(listed) == in_app
    assert enter(ADMIN).unread == int(in_app)
    commit()
    work_off()
    assert bool(mails()) == mail
    with time_machine.travel(datetime(2026, 11, 21, 15, 30, tzinfo=UTC)):
        tick("notification-digest")
        work_off()
    # Who is mailed each one needs no second mail of it in the evening.
    assert len(mails()) == int(mail) + int(digest and not mail)


def test_channels_are_of_a_type() -> None:
    choose(ADMIN, in_app=False, mail=False, digest=False)
    fail_a_job()
    begin(port_id=NORTH, scope="staff")
    make_notification(user_id(ADMIN), "security", title="New device")
    assert titles(ADMIN) == ["New device"]


def test_mail_about_security_cannot_be_switched_off() -> None:
    choose(ADMIN, "security", in_app=False, mail=False, digest=False)
    begin(port_id=NORTH, scope="staff")
    make_notification(user_id(ADMIN), "security", title="New device")
    commit()
    work_off()
    assert mails() == [(ADMIN, "New device")]


def test_who_asked_for_a_mail_that_was_refused_is_told_by_the_bell_alone() -> None:
    choose(AGENT, in_app=True, mail=True, digest=True)
    begin(port_id=NORTH, scope="staff")
    mail_id = uuid.uuid4()
    words: dict[str, Any] = {"template": "invitation", "error": "550 No such box", "asked_by": str(user_id(AGENT))}
    record("email:failed", by=System(), subject_type="mail", subject_id=mail_id, port_id=NORTH, **words)
    relay()
    assert titles(AGENT) == ["A mail could not be sent"]
    work_off()
    assert mails() == []


def test_a_mail_about_one_leads_to_it() -> None:
    begin(port_id=NORTH, scope="staff")
    make_notification(user_id(ADMIN), "security", title="New device", link="/north/settings/security")
    commit()
    work_off()
    [(_name, message)] = outbox.kept()
    text = message.get_body(("plain",))
    assert text
    assert "Have a look: http://localhost/north/settings/security" in text.get_content()


# --- Signing in


def sign_in_with(app: Flask, agent: str, email: str = AGENT) -> None:
    browser = app.test_client()
    browser.environ_base["HTTP_USER_AGENT"] = agent
    visitor = Visitor(app, browser)
    assert visitor.post("/auth/login", {"email": email, "password": PASSWORD}).status_code == 303
    while Relay(app).work_off():
        pass


def test_a_sign_in_from_a_new_device_is_told(app: Flask) -> None:
    sign_in_with(app, FIREFOX.format(140))
    assert of(AGENT) == []
    sign_in_with(app, FIREFOX.format(147))
    assert of(AGENT) == []
    sign_in_with(app, PHONE)
    [found] = of(AGENT)
    assert found.words.title == "Signed in from a new device"
    assert found.words.body.startswith("Safari on iPhone – ")
    assert found.words.link == "/north/settings/security"
    sign_in_with(app, PHONE)
    assert len(of(AGENT)) == 1
    work_off()
    assert mails() == [(AGENT, "Signed in from a new device")]


def change_password(by: Actor, *, port_id: uuid.UUID | None) -> None:
    """What is recorded of it, in no port or as an administrator of one might."""
    begin(user_id=user_id(AGENT) if port_id is None else by.actor_id, port_id=port_id, scope="staff")
    whose: dict[str, Any] = {"subject_type": "user", "subject_id": user_id(AGENT)}
    record("auth:passwordReset", by=by, port_id=port_id, **whose)
    commit()


@pytest.mark.parametrize("who", ["oneself", "the system", "an administrator"])
def test_a_changed_password_is_told_whoever_did_it(app: Flask, who: str) -> None:
    if who == "an administrator":
        change_password(enter(ADMIN), port_id=NORTH)
    else:
        change_password(enter(AGENT, None) if who == "oneself" else System(), port_id=None)
    while Relay(app).work_off():
        pass
    assert titles(AGENT) == ["Your password was set anew"]
    work_off()
    # The mail about it is sent by those who changed it.
    assert "Your password was set anew" not in [subject for _to, subject in mails()]


@pytest.mark.parametrize("name", SECURITY)
def test_every_event_of_security_is_told(app: Flask, name: str) -> None:
    details: dict[str, Any] = {word: f"({word})" for word in EVENTS[name]}
    begin(user_id=user_id(AGENT), scope="staff")
    record(name, by=enter(AGENT, None), subject_type="user", subject_id=user_id(AGENT), port_id=None, **details)
    commit()
    while Relay(app).work_off():
        pass
    assert len(titles(AGENT)) == 1
    work_off()
    assert [to for to, _subject in mails()] == ([] if name in MAILED_ELSEWHERE else [AGENT])


def test_who_has_no_port_is_told_nowhere(app: Flask) -> None:
    for agent in (FIREFOX.format(140), PHONE):
        sign_in_with(app, agent, "nowhere@quayside.example")
    assert of("nowhere@quayside.example") == []


def test_who_has_several_ports_is_told_in_one(app: Flask) -> None:
    for agent in (FIREFOX.format(140), PHONE):
        sign_in_with(app, agent, "both@quayside.example")
    assert len(of("both@quayside.example")) + len(of("both@quayside.example", SOUTH)) == 1


# --- The evening


def test_one_mail_in_the_evening_of_each_port(app: Flask) -> None:
    """17:00 is 15:00 in UTC at Port North (Helsinki), and 21:00 at Port South (Anguilla)."""
    for port_id, email in ((NORTH, ADMIN), (SOUTH, "port_admin@south.example")):
        begin(port_id=port_id, scope="staff")
        make_notification(user_id(email), title="One")
        make_notification(user_id(email), title="Two")
        commit()
    day, sent = datetime(2026, 11, 21, tzinfo=UTC), []
    for hour in (14, 15, 16, 20, 21, 22, 39):
        with time_machine.travel(day + timedelta(hours=hour, minutes=45 if hour == 14 else 0)):
            tick("notification-digest")
            tick("notification-digest")
            work_off()
            work_off(SOUTH)
        sent.append((hour, [to for to, _subject in mails()]))
    north, south = [ADMIN], [ADMIN, "port_admin@south.example"]
    assert sent == [(14, []), (15, north), (16, north), (20, north), (21, south), (22, south), (39, south)]
    assert mails()[0][1] == "2 notifications from Port North"


def test_what_was_read_is_not_told_again_in_the_evening(app: Flask) -> None:
    begin(port_id=NORTH, scope="staff")
    make_notification(user_id(ADMIN), title="Read").read()
    make_notification(user_id(ADMIN), title="Not read")
    commit()
    with time_machine.travel(datetime(2026, 11, 21, 15, 30, tzinfo=UTC)):
        tick("notification-digest")
        work_off()
    [(_name, message)] = outbox.kept()
    text = message.get_body(("plain",))
    assert text
    assert re.findall(r"(?m)^- ([^\r\n]+)", text.get_content()) == ["Not read"]


def test_who_has_left_gets_no_mail(app: Flask) -> None:
    begin(port_id=NORTH, scope="staff")
    make_notification(user_id(ADMIN), "security", title="New device")
    db.session.query(UserPortRole).filter_by(user_id=user_id(ADMIN)).delete()
    commit()
    work_off()
    assert mails() == []


def test_it_stands_in_the_schedule() -> None:
    row = {row.name: row for row in RECURRING}["notification-digest"]
    assert (row.cron, row.in_port_time) == ("0 17 * * *", True)


def test_a_type_that_does_not_exist_is_an_error() -> None:
    begin(port_id=NORTH, scope="staff")
    with pytest.raises(KeyError):
        notify(user_id(ADMIN), "weather", event=Event(id=uuid.uuid4()), title="Rain")
    assert sorted(TYPES) == [
        "document_expiring",
        "duplicate_alert",
        "export",
        "follow_up_created",
        "mention",
        "new_registration",
        "reminder_due",
        "reminder_overdue",
        "security",
        "system_alert",
        "tenure_expiring",
        "waiting_list",
    ]


# --- The pages


def test_the_bell_counts_to_a_hundred(visit: Callable[[str], Visitor]) -> None:
    visitor = visit(ADMIN)
    assert 'aria-label="Notifications"' in visitor.get("/north/notifications").text
    begin(port_id=NORTH, scope="staff")
    for number in range(101):
        make_notification(user_id(ADMIN), title=f"Number {number}")
    commit()
    page = visitor.get("/north/notifications").text
    assert 'aria-label="99+ unread notifications"' in page
    assert page.index("Number 100") < page.index("Number 99")
    assert "Number 50<" not in page
    assert 'id="bell"' in visitor.fragment("/north/notifications").text


def test_opening_reads_and_goes_where_it_leads(visit: Callable[[str], Visitor]) -> None:
    visitor = visit(ADMIN)
    begin(port_id=NORTH, scope="staff")
    found = make_notification(user_id(ADMIN), title="Look", link="/north/clients")
    away = make_notification(user_id(ADMIN), title="Look", link="https://evil.example/")
    commit()
    url = f"/north/notifications/{found.id}/reading"
    assert visitor.post(url, {"stay": "1"}).location == "/north/notifications"
    assert visitor.post(url).location == "/north/clients"
    assert visitor.post(f"/north/notifications/{away.id}/reading").location == "/north/notifications"
    assert all(found.read_at for found in of(ADMIN))
    assert visit(AGENT).post(url).status_code == 404


def test_all_are_read_at_once_and_only_ones_own(visit: Callable[[str], Visitor]) -> None:
    visitor = visit(ADMIN)
    begin(port_id=NORTH, scope="staff")
    for email in (ADMIN, ADMIN, AGENT):
        make_notification(user_id(email))
    commit()
    assert visitor.post("/north/notifications/readings").status_code == 303
    assert [bool(found.read_at) for found in of(ADMIN)] == [True, True]
    assert [bool(found.read_at) for found in of(AGENT)] == [False]
    assert "Nothing unread" in visitor.get("/north/notifications?show=unread").text


def test_preferences_are_kept(visit: Callable[[str], Visitor]) -> None:
    visitor = visit(ADMIN)
    opened = visitor.form("/north/settings/notifications")
    boxes = {"security.in_app": "1", "system_alert.in_app": "1", "system_alert.digest": "1"}
    assert {**boxes, "security.email": "1"}.items() <= opened.items()
    assert "system_alert.email" not in opened
    answer = visitor.put("/north/settings/notifications", {"system_alert.email": "1", "weather.email": "1"})
    assert answer.status_code == 303
    after = visitor.form("/north/settings/notifications")
    assert "system_alert.email" in after
    assert not {"system_alert.in_app", "system_alert.digest", "security.in_app"} & set(after)
    begin(user_id=user_id(ADMIN), scope="staff")
    by_mail = ("security", "system_alert")
    assert NotificationPreference.channels_of(user_id(ADMIN)) == {
        name: Channels(in_app=False, email=name in by_mail, digest=False) for name in TYPES
    }


def test_a_page_of_them_takes_few_statements(visit: Callable[[str], Visitor], statements: list[str]) -> None:
    visitor = visit(ADMIN)
    begin(port_id=NORTH, scope="staff")
    for _ in range(60):
        make_notification(user_id(ADMIN))
    commit()
    statements.clear()
    assert visitor.get("/north/notifications").status_code == 200
    assert len(statements) <= 3, statements
    statements.clear()
    visitor.get("/north/settings/notifications")
    assert len(statements) <= 3, statements
