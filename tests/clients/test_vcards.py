"""Cards as RFC 6350 wants them: escaped, folded, one after the other."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clients.exports.outgoing import Outgoing
from app.clients.exports.vcards import LONGEST_LINE, as_vcards, card_of, escaped, folded


@pytest.fixture(autouse=True)
def inside(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def client(**fields: Any) -> Any:
    known = {
        "id": uuid.UUID(int=7),
        "kind": "person",
        "full_name": "Léa Marchand",
        "company_name": "",
        "preferred_name": "",
        "languages": [],
        "street": "",
        "postcode": "",
        "town": "",
        "region": "",
        "country": "",
        "updated_at": datetime(2026, 11, 21, 10, 41, tzinfo=UTC),
    }
    return SimpleNamespace(**{**known, **fields})


def contact(value: str, label: str = "", normalised: str = "") -> Any:
    return SimpleNamespace(value=value, label=label, normalised=normalised or value)


def lines_of(card: str) -> list[str]:
    assert card.endswith("\r\n")
    assert "\n" not in card.replace("\r\n", "")
    return re.sub(r"\r\n[ \t]", "", card).split("\r\n")[:-1]


def test_a_person() -> None:
    lea = Outgoing(
        client(
            company_name="Voiles; Mer, & Cie",
            preferred_name="Léa",
            languages=["fr", "en"],
            street="quai des Voiliers 4",
            postcode="83000",
            town="Toulon",
            country="FR",
        ),
        contacts={
            "email": [contact("lea@example.com", "Work"), contact("l@example.org")],
            "phone": [
                contact("+33 6 55 55 11 22 ext. 7", "Mobile", "+33655551122"),
                contact("+33 4 x12", "Captain", "+334"),
            ],
            "whatsapp": [contact("+33 6 55 55 11 22", "", "+33655551122")],
            "address": [contact("Mas du Port, 83400 Hyères", "Home")],
        },
        tags=["VIP", "a,b"],
        notes=["Prefers\nthe inner\\harbour"],
    )
    assert lines_of(card_of(lea, with_words=True)) == [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "PRODID:-//Quayside//EN",
        "UID:urn:uuid:00000000-0000-0000-0000-000000000007",
        "REV:20261121T104100Z",
        "KIND:individual",
        "FN:Léa Marchand",
        "N:;Léa Marchand;;;",
        "ORG:Voiles\\; Mer\\, & Cie",
        "NICKNAME:Léa",
        "item1.EMAIL;TYPE=work;PREF=1:lea@example.com",
        "item1.X-ABLabel:Work",
        "EMAIL:l@example.org",
        "item2.TEL;VALUE=uri;TYPE=cell;PREF=1:tel:+33655551122;ext=7",
        "item2.X-ABLabel:Mobile",
        "item3.TEL;VALUE=uri:tel:+334;ext=12",
        "item3.X-ABLabel:Captain",
        'item4.TEL;VALUE=uri;TYPE="cell,text":tel:+33655551122',
        "item4.X-ABLabel:WhatsApp",
        "item5.ADR;TYPE=home:;;Mas du Port\\, 83400 Hyères;;;;",
        "item5.X-ABLabel:Home",
        "ADR:;;quai des Voiliers 4;Toulon;;83000;France",
        "LANG;PREF=1:fr",
        "LANG;PREF=2:en",
        "NOTE:Prefers\\nthe inner\\\\harbour",
        "CATEGORIES:VIP,a\\,b",
        "END:VCARD",
    ]
    assert "Prefers" not in card_of(lea, with_words=False)


def test_a_company_and_a_name_with_a_comma() -> None:
    company = lines_of(card_of(Outgoing(client(kind="company", full_name="Saaristo Charter")), with_words=False))
    assert {"KIND:org", "FN:Saaristo Charter", "ORG:Saaristo Charter"} < set(company)
    assert not any(line.startswith("N:") for line in company)
    assert "N:Koskinen;Heikki;;;" in card_of(Outgoing(client(full_name="Koskinen, Heikki")), with_words=False)


def test_several_cards_stand_in_one_file() -> None:
    batches = [[Outgoing(client()), Outgoing(client())], [Outgoing(client())]]
    content = b"".join(as_vcards(batches, with_words=True)).decode()
    assert content.count("BEGIN:VCARD\r\n") == content.count("END:VCARD\r\n") == 3


@settings(derandomize=True, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_whatever_is_in_a_value_stays_in_it(text: str) -> None:
    """No value ends its line or begins another property, no line is too long, no character is cut apart."""
    line = f"NOTE:{escaped(text)}"
    pieces = folded(line).split("\r\n")
    assert all(len(piece.encode()) <= LONGEST_LINE for piece in pieces)
    assert all(piece.startswith(" ") for piece in pieces[1:])
    joined = pieces[0] + "".join(piece[1:] for piece in pieces[1:])
    assert joined == line
    assert not re.search(r"[\x00-\x08\n\r\x0b-\x1f\x7f]", joined)
    kept = re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    marks = {"n": "\n", "\\": "\\", ",": ",", ";": ";"}
    assert re.sub(r"\\(.)", lambda found: marks[found[1]], joined.removeprefix("NOTE:")) == kept
