"""What a letter looks like, before anybody sends it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from jinja2 import UndefinedError

from app.current import CurrentPort
from app.db import begin
from app.identity.models import current_port_of
from app.mail.letters import Letter, Unaddressable, addressable, brand_of, is_dark, text_of, write
from app.mail.server import message_of
from tests.world import NORTH

LINK = "https://quayside.example/auth/reset/t0ken?a=1&b=2"


@pytest.fixture
def port(app: Flask, db: SQLAlchemy) -> CurrentPort:
    begin(port_id=NORTH, scope="staff")
    return current_port_of(NORTH)


def ping(port: CurrentPort | None, *, name: str = "Léa", locale: str | None = None) -> Letter:
    words = {"name": name, "link": LINK}
    return write("ping", to="lea@example.com", port=port, locale=locale, words=words)


def test_one_template_makes_subject_html_and_text(port: CurrentPort) -> None:
    letter = ping(port)
    assert letter.subject == "A greeting to Léa"
    assert letter.from_name == "Port North"
    assert LINK.replace("&", "&amp;") in letter.html
    assert letter.text == (
        "Port North\n\nHello Léa\n=========\n\nMail of Port North arrives.\n\n- as HTML,\n- and as text.\n\n"
        f"Open Quayside: {LINK}\n\n----------------------------------------\n\n"
        "You get this mail because somebody wanted to know whether mail arrives.\n\nSent with Quayside.\n"
    )


def test_words_are_escaped_in_html_and_plain_in_the_rest(port: CurrentPort) -> None:
    letter = ping(port, name="<b>Ann & Bo</b>")
    assert "<b>Ann" not in letter.html
    assert letter.subject == "A greeting to <b>Ann & Bo</b>"
    assert "Hello <b>Ann & Bo</b>" in letter.text


def test_a_word_that_is_missing_is_an_error(port: CurrentPort) -> None:
    with pytest.raises(UndefinedError):
        write("ping", to="lea@example.com", port=port, locale=None, words={"name": "Léa"})


def test_it_bears_the_colours_of_the_port(port: CurrentPort) -> None:
    bright = replace(port, branding={"primary": "#ffd400"})
    assert "background: #ffd400; color: #171f35" in ping(bright).html
    assert "background: #1e2844; color: #ffffff" in ping(port).html
    assert brand_of(replace(port, branding={"primary": "red;} body{display:none"})).primary == "#1e2844"
    assert brand_of(None).name == "Quayside"
    assert not is_dark("#ffffff")


def test_styles_stand_in_the_head_alone_and_nothing_is_fetched(port: CurrentPort) -> None:
    html = ping(port).html
    assert html.count("<style>") == 1
    assert html.index("<style>") < html.index("</head>")
    assert re.findall(r"\bstyle=|<script|<img|@import|url\(", html) == []


def test_answers_go_where_the_port_wants_them(port: CurrentPort) -> None:
    assert ping(replace(port, settings={"mail_reply_to": "office@north.example"})).reply_to == "office@north.example"
    assert ping(replace(port, settings={"mail_reply_to": "office\r\nBcc: x@y.example"})).reply_to is None
    assert ping(port).reply_to is None


def test_it_is_written_in_the_language_of_its_reader(port: CurrentPort) -> None:
    assert ping(port, locale="fi").language == "fi"
    assert '<html lang="fi">' in ping(port, locale="fi").html
    assert ping(port).language == "en"


@pytest.mark.parametrize(
    "address",
    [
        "lea@example.com\r\nBcc: eve@example.com",
        "lea@example.com\n",
        "lea@example.com, eve@example.com",
        "Léa <lea@example.com>",
        "lea@localhost",
        "léa@example.com",
        "lea@exam\u202eple.com",
        "",
    ],
)
def test_only_one_plain_address_is_taken(address: str) -> None:
    with pytest.raises(Unaddressable):
        addressable(address)


def test_a_domain_is_written_in_ascii() -> None:
    assert addressable("lea@häfen.example") == "lea@xn--hfen-loa.example"


def test_no_word_becomes_a_header(app: Flask, port: CurrentPort) -> None:
    evil = "Ann\r\nBcc: eve@example.com\r\n\r\nbody\x00\u2028X-Evil: 1"
    letter = ping(replace(port, name=f"Port {evil}"), name=evil)
    with app.app_context():
        message = message_of(letter, message_id="<1@x.example>", settings=app.extensions["settings"])
    head = message.as_bytes().partition(b"\r\n\r\n")[0]
    assert not re.search(rb"(?mi)^(bcc|x-evil)", head)
    assert set(message.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Content-Language",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    }


def test_html_as_text() -> None:
    html = """
      <head><title>no</title></head><h2>Two   words</h2><p>A <b>bold</b> claim,<br>broken.</p>
      <ol><li>one</li><li><a href="https://x.example">https://x.example</a></li></ol>
      <p>Write to <a href="mailto:a@b.example">a@b.example</a> or <a href="https://y.example/z">us</a>.</p>
    """
    assert text_of(html) == (
        "Two words\n=========\n\nA bold claim,\nbroken.\n\n1. one\n2. https://x.example\n\n"
        "Write to a@b.example or us: https://y.example/z.\n"
    )
