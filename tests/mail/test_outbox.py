"""The outbox page of development."""

from __future__ import annotations

import uuid
from base64 import b64encode
from dataclasses import replace

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from app.mail import outbox
from app.mail.letters import write
from app.mail.server import message_of
from tests.world import Visitor


@pytest.fixture
def name(app: Flask, db: SQLAlchemy) -> str:
    """A mail that lies there."""
    mail_id = uuid.uuid4().hex
    words = {"name": "<i>Léa</i>", "link": "http://localhost/auth/reset/t0ken"}
    letter = write("ping", to="lea@example.com", port=None, locale=None, words=words)
    outbox.keep(message_of(letter, message_id=f"<{mail_id}@x.example>", settings=app.extensions["settings"]))
    return mail_id


def test_nobody_has_to_sign_in_to_see_a_mail(app: Flask, name: str) -> None:
    visitor = Visitor.anonymous(app)
    assert f"/dev/mail/{name}" in visitor.get("/dev/mail").text
    page = visitor.get(f"/dev/mail/{name}").text
    assert "A greeting to &lt;i&gt;Léa" in page
    assert "Open Quayside: http://localhost/auth/reset/t0ken" in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page


def test_its_html_runs_nothing_and_fetches_nothing(app: Flask, name: str) -> None:
    response = Visitor.anonymous(app).get(f"/dev/mail/{name}/html")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "&lt;i&gt;Léa" in response.text
    assert '<base target="_blank">' in response.text


def test_its_logo_is_in_the_page_itself(app: Flask, db: SQLAlchemy) -> None:
    words = {"name": "Léa", "link": "/"}
    letter = replace(
        write("ping", to="lea@example.com", port=None, locale=None, words=words), html='<img src="cid:logo">'
    )
    settings, mail_id = app.extensions["settings"], uuid.uuid4().hex
    outbox.keep(message_of(letter, message_id=f"<{mail_id}@x.example>", settings=settings, logo=b"a picture"))
    response = Visitor.anonymous(app).get(f"/dev/mail/{mail_id}/html")
    assert f'src="data:image/png;base64,{b64encode(b"a picture").decode()}"' in response.text
    assert "img-src data:" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("unknown", ["0" * 31, "f" * 32, "..", "%2e%2e%2fsecrets.json", "A" * 32])
def test_what_is_no_mail_is_not_there(app: Flask, name: str, unknown: str) -> None:
    for url in (f"/dev/mail/{unknown}", f"/dev/mail/{unknown}/html"):
        assert Visitor.anonymous(app).get(url).status_code == 404


def test_old_ones_make_room(app: Flask, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "KEPT", 2)
    for at in ("1", "2", "3"):
        letter = write("ping", to="lea@example.com", port=None, locale=None, words={"name": "Léa", "link": "/"})
        settings = app.extensions["settings"]
        outbox.keep(message_of(letter, message_id=f"<{('f' * 31) + at}@x.example>", settings=settings))
    assert [kept for kept, _message in outbox.kept()] == ["f" * 31 + "3", "f" * 31 + "2"]
    for path in outbox.directory().glob("*.eml"):
        path.unlink()
