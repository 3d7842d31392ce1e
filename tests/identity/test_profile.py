"""One's own profile: what is shown of oneself, picture, password, e-mail address."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.db import begin, now
from app.db import db as database
from app.events.models import Event
from app.identity.forms import locale_choices, zone_choices
from app.identity.models import User
from app.web import SESSION_COOKIE
from tests.identity.conftest import Mailbox, SignIn
from tests.world import INVITED, PASSWORD, Visitor, fields_of, user_id

AGENT = "sales_agent@north.example"
PAGE = "/north/settings/profile"
NEW = "Brisk-Tide-2027?"


@pytest.fixture
def agent(visit: Callable[[str], Visitor]) -> Visitor:
    return visit(AGENT)


def form_of(visitor: Visitor) -> dict[str, Any]:
    """The fields of the profile's own form."""
    page = visitor.get(PAGE).text
    form = next(f for f in re.findall(r"<form\b.*?</form>", page, re.S) if 'name="timezone"' in f)
    return fields_of(f"<main{form}")


def user(email: str = AGENT) -> User:
    begin(user_id=user_id(email), scope="staff")
    statement = select(User).where(User.id == user_id(email)).execution_options(populate_existing=True)
    return database.session.scalars(statement).one()


def happened(db: SQLAlchemy) -> list[Event]:
    begin(user_id=user_id(AGENT), scope="staff")
    mine = select(Event).where(Event.subject_id == user_id(AGENT), Event.name.like("user:%"))
    return list(db.session.scalars(mine.order_by(Event.id)))


# --- About you


def test_a_profile_is_saved_and_recorded_once(agent: Visitor, db: SQLAlchemy) -> None:
    sent = {"name": "Ada  Agent", "locale": "fi", "timezone": "Europe/Helsinki", "theme": "dark", "units": "feet"}
    form = {**form_of(agent), **sent}
    for _ in range(2):
        assert agent.put(PAGE, form).status_code == 303
    saved = user()
    assert (saved.name, saved.locale, saved.timezone) == ("Ada Agent", "fi", "Europe/Helsinki")
    assert 'data-theme="dark"' in agent.get(PAGE).text
    assert 'data-units="feet"' in agent.get(PAGE).text
    (event,) = happened(db)
    assert (event.name, event.changed_fields) == ("user:updated", ["locale", "name", "theme", "timezone", "units"])
    assert form_of(agent)["locale"] == "fi"


def test_empty_means_as_the_port(agent: Visitor, db: SQLAlchemy) -> None:
    agent.put(PAGE, {**form_of(agent), "locale": "fi", "timezone": "Europe/Helsinki"})
    assert agent.put(PAGE, {**form_of(agent), "locale": "", "timezone": ""}).status_code == 303
    assert (user().locale, user().timezone) == (None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("name", "a\x07b"),
        ("locale", "xx"),
        ("timezone", "Mars/Base"),
        ("theme", ""),
        ("units", "miles"),
    ],
)
def test_what_does_not_fit_is_refused_and_kept(agent: Visitor, db: SQLAlchemy, field: str, value: str) -> None:
    form = {**form_of(agent), "name": "Kept As Typed", field: value}
    answer = agent.put(PAGE, form)
    assert answer.status_code == 422
    assert field == "name" or 'value="Kept As Typed"' in answer.text
    assert happened(db) == []


def test_a_name_never_breaks_a_line(agent: Visitor, db: SQLAlchemy) -> None:
    agent.put(PAGE, {**form_of(agent), "name": "Ada\r\nBcc: all@evil.example"})
    assert user().name == "Ada Bcc: all@evil.example"


def test_two_windows_with_different_names_are_asked(agent: Visitor, db: SQLAlchemy) -> None:
    first, second = form_of(agent), form_of(agent)
    assert agent.put(PAGE, {**first, "name": "Ada One"}).status_code == 303
    answer = agent.put(PAGE, {**second, "name": "Ada Two", "locale": "fi"})
    assert answer.status_code == 409
    assert "Ada One" in answer.text
    assert user().name == "Ada One"


def test_choices_are_real_ones() -> None:
    assert locale_choices()[0] == ("en", "English")
    zones = [zone for zone, _name in zone_choices()]
    assert {"UTC", "Europe/Helsinki", "America/Anguilla"} <= set(zones)
    assert not {"posixrules", "EST5EDT", "Etc/GMT+3"} & set(zones)


def test_the_page_takes_three_statements(agent: Visitor, statements: list[str]) -> None:
    agent.get(PAGE)
    statements.clear()
    agent.get(PAGE)
    assert len(statements) <= 3


# --- Picture


def picture(kind: str = "PNG", size: tuple[int, int] = (600, 300), **more: Any) -> BytesIO:
    written = BytesIO()
    Image.new("RGB", size, "teal").save(written, kind, **more)
    return BytesIO(written.getvalue())


def send_picture(visitor: Visitor, content: BytesIO, name: str = "me.png") -> TestResponse:
    return visitor.put(f"{PAGE}/picture", {"picture": (content, name)}, content_type="multipart/form-data")


def address_of(visitor: Visitor) -> str | None:
    found = re.search(r'<img class="avatar" src="([^"]+)"', visitor.get(PAGE).text)
    return found[1].replace("&amp;", "&") if found else None


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_made_square_and_small(agent: Visitor, visit: Callable[[str], Visitor], kind: str) -> None:
    assert send_picture(agent, picture(kind)).status_code == 303
    address = address_of(agent)
    assert address
    answer = visit("viewer@north.example").get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"].startswith("private")
    with Image.open(BytesIO(answer.data)) as shown:
        assert (shown.size, shown.format) == ((256, 256), "WEBP")


def test_nothing_of_the_file_remains_but_the_picture(agent: Visitor) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6  # lies on its side
    send_picture(agent, picture("JPEG", exif=exif, comment=b"secret words"))
    answer = agent.get(str(address_of(agent)))
    assert b"taken at home" not in answer.data
    assert b"secret words" not in answer.data
    with Image.open(BytesIO(answer.data)) as shown:
        assert not shown.getexif()
        assert "exif" not in shown.info


def bomb() -> BytesIO:
    """A few bytes that say they are 30,000 pixels a side."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    lines = zlib.compress(b"\0" * 1000)
    return BytesIO(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b""))


@pytest.mark.parametrize(
    "content",
    [
        BytesIO(b""),
        BytesIO(b"GIF89a not taken"),
        BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        BytesIO(picture().getvalue()[:200]),
        picture("GIF"),
        picture("PPM"),
        bomb(),
        BytesIO(picture().getvalue() + b"\0" * (5 * 1024 * 1024)),
    ],
    ids=["nothing", "only the start", "svg", "cut off", "gif", "ppm", "bomb", "too large"],
)
def test_what_is_no_picture_is_refused(agent: Visitor, db: SQLAlchemy, content: BytesIO) -> None:
    answer = send_picture(agent, BytesIO(content.getvalue()))
    assert answer.status_code == 422
    assert happened(db) == []


def test_a_picture_is_replaced_and_removed(agent: Visitor, db: SQLAlchemy) -> None:
    send_picture(agent, picture())
    first = str(address_of(agent))
    send_picture(agent, picture(size=(300, 300)))
    second = str(address_of(agent))
    assert first != second
    assert agent.delete(f"{PAGE}/picture").status_code == 303
    assert address_of(agent) is None
    assert agent.get(second).status_code == 404
    assert agent.delete(f"{PAGE}/picture").status_code == 303  # there is nothing left to remove
    assert [event.changed_fields for event in happened(db)] == [["picture"]] * 3


def test_a_picture_is_seen_in_the_ports_of_its_user_only(agent: Visitor, visit: Callable[[str], Visitor]) -> None:
    send_picture(agent, picture())
    address = str(address_of(agent))
    stranger = visit("viewer@south.example")
    assert stranger.get(address).status_code == 404
    assert stranger.get(address.replace("/north/", "/south/")).status_code == 404


# --- Password


def change(visitor: Visitor, present: str = PASSWORD, new: str = NEW) -> TestResponse:
    return visitor.put(f"{PAGE}/password", {"present_password": present, "new_password": new})


def test_a_new_password_ends_the_other_sessions_and_renews_this_one(
    app: Flask, agent: Visitor, attempt: SignIn, mailbox: Mailbox, db: SQLAlchemy
) -> None:
    elsewhere = Visitor.of(app, AGENT)
    before = agent.client.get_cookie(SESSION_COOKIE)
    assert before
    answer = change(agent)
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    after = agent.client.get_cookie(SESSION_COOKIE)
    assert after
    assert after.value != before.value
    assert "Your password was changed" in agent.get(PAGE).text
    assert elsewhere.get(PAGE).status_code == 303
    agent.client.set_cookie(SESSION_COOKIE, before.value)
    assert agent.get(PAGE).status_code == 303
    assert attempt(AGENT, PASSWORD).status_code == 422
    assert attempt(AGENT, NEW).status_code == 303
    assert [event.name for event in happened(db)] == ["user:passwordChanged"]
    (told,) = mailbox()
    assert (told.to, told.subject) == (AGENT, "Your password was changed")


def test_a_new_password_stops_links_that_are_on_their_way(agent: Visitor, browser: Visitor, mailbox: Mailbox) -> None:
    browser.post("/auth/reset", {"email": AGENT})
    (letter,) = mailbox()
    assert change(agent).status_code == 303
    assert browser.get(letter.link).status_code == 410


def test_the_present_password_is_asked_for(agent: Visitor, attempt: SignIn, db: SQLAlchemy) -> None:
    answer = change(agent, present="not this one")
    assert answer.status_code == 422
    assert "This is not your present password." in answer.text
    assert agent.get(PAGE).status_code == 200
    assert attempt(AGENT, PASSWORD).status_code == 303


def test_guessing_the_present_password_is_paused(agent: Visitor, db: SQLAlchemy) -> None:
    for _ in range(4):
        assert change(agent, present="not this one").status_code == 422
    assert change(agent, present="not this one").status_code == 429
    answer = change(agent)
    assert answer.status_code == 429
    assert "too many tries" in answer.text


def test_weak_passwords_are_refused_before_the_present_one_is_tried(agent: Visitor, db: SQLAlchemy) -> None:
    answer = change(agent, new="Password123!")
    assert answer.status_code == 422
    assert "tried first" in answer.text
    assert PASSWORD not in answer.text


def test_who_has_no_password_is_not_asked_for_one(visit: Callable[[str], Visitor]) -> None:
    """They come in through another service."""
    page = visit(INVITED).get(PAGE).text
    assert "through another service" in page
    assert 'name="present_password"' not in page


# --- E-mail address


def ask(visitor: Visitor, email: str = "ada@new.example", password: str = PASSWORD) -> TestResponse:
    return visitor.post(f"{PAGE}/email", {"email": email, "email_password": password})


def test_the_address_changes_when_the_new_one_is_confirmed(
    agent: Visitor, browser: Visitor, attempt: SignIn, mailbox: Mailbox, db: SQLAlchemy
) -> None:
    assert ask(agent).status_code == 303
    to_new, to_old = mailbox()
    assert (to_new.to, to_old.to) == ("ada@new.example", AGENT)
    assert "/auth/email/" not in to_old.html
    assert user().email == AGENT
    page = browser.get(to_new.link)
    assert "ada@new.example" in page.text
    assert user().email == AGENT
    assert browser.post(to_new.link).status_code == 303
    assert user().email == "ada@new.example"
    assert agent.get(PAGE).status_code == 200  # nobody was signed out
    assert attempt("ada@new.example", PASSWORD).status_code == 303
    assert attempt(AGENT, PASSWORD).status_code == 422
    assert sorted(letter.to for letter in mailbox()) == ["ada@new.example", AGENT]
    assert [event.name for event in happened(db)] == ["user:emailChangeAsked", "user:emailChanged"]
    assert browser.post(to_new.link).status_code == 410


def test_a_new_address_runs_out_after_a_day(agent: Visitor, browser: Visitor, mailbox: Mailbox) -> None:
    ask(agent)
    link = mailbox()[0].link
    with time_machine.travel(now() + timedelta(hours=24, seconds=1)):
        assert browser.get(link).status_code == 410
        assert browser.post(link).status_code == 410
    assert user().email == AGENT


def test_an_address_that_is_somebody_elses_is_found_out_by_its_owner_only(
    agent: Visitor, browser: Visitor, mailbox: Mailbox
) -> None:
    taken, free = ask(agent, "teammate@north.example"), ask(agent, "ada@new.example")
    assert (taken.status_code, free.status_code) == (303, 303)
    to_taken, *_others = mailbox()
    assert browser.get(to_taken.link).status_code == 410  # the newer one counts
    ask(agent, "teammate@north.example")
    link = mailbox()[0].link
    answer = browser.post(link)
    assert answer.status_code == 409
    assert "cannot be used" in answer.text
    assert user().email == AGENT


@pytest.mark.parametrize("email", ["", "no at sign", AGENT.upper(), "a@b.example\r\nBcc: x@y.example", "ä@b.example"])
def test_what_is_no_new_address_is_refused(agent: Visitor, db: SQLAlchemy, email: str) -> None:
    assert ask(agent, email).status_code == 422
    assert happened(db) == []


def test_the_password_is_asked_for_a_new_address(agent: Visitor, db: SQLAlchemy) -> None:
    answer = ask(agent, password="not this one")
    assert answer.status_code == 422
    assert 'value="ada@new.example"' in answer.text
    assert happened(db) == []
