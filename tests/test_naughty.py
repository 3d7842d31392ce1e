"""Whatever is typed is shown as it was typed, or refused with one message beside its field; nothing of it is run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from markupsafe import escape

from app.db import commit
from tests.files import samples
from tests.world import Visitor, enter, make_client, make_vessel

pytestmark = pytest.mark.usefixtures("db")

ADMIN = "port_admin@north.example"
NAUGHTY = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>' --",
    "{{7*7}} ${7*7} %(name)s %s {0}",
    "../../etc/passwd",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "👩‍👩‍👧 ﷽ 田中 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞",
    "\u202egnitsrever\u202c שלום العربية",
    "a\u200bb\u2060c\ufeffd",
    "Robert'); DROP TABLE vessels;--",
    "null",
    "\\u0000 \\x00 %00",
    "﷐\ufffe\uffff",
]
LONG = "naughty " * 1_250


@dataclass(frozen=True)
class Place:
    """Where something is typed: the page of the form, the field, and where what was typed stands afterwards."""

    form: str
    field: str
    action: str
    shown: str = ""  # the page one is sent to, unless said
    others: tuple[tuple[str, str], ...] = ()
    method: str = "POST"


FIELDS = "/north/admin/custom-fields"
PLACES = {
    "vessel": Place(
        "/north/vessels/new", "name", "/north/vessels", others=(("client", "{client}"), ("registration", ""))
    ),
    "registration": Place(
        "/north/vessels/new", "registration", "/north/vessels", others=(("client", "{client}"), ("name", "Vega"))
    ),
    "issuer": Place("{vessel}/documents/new", "issuer", "{vessel}/documents"),
    "reference": Place("{vessel}/documents/new", "reference", "{vessel}/documents"),
    "tag": Place("/north/admin/tags/new", "name", "/north/admin/tags"),
    "custom field": Place(
        "/north/admin/custom-fields/new?resource=vessel", "label", "/north/admin/custom-fields?resource=vessel"
    ),
    "help of a field": Place(
        f"{FIELDS}/new?resource=client",
        "help",
        f"{FIELDS}?resource=client",
        shown="/north/clients/new",
        others=(("label", "Asked for {turn}"),),
    ),
    "folder": Place("/north/files", "name", "/north/files/folders"),
    "note": Place("{client_page}", "body", "{client_page}/notes", shown="{client_page}"),
    "view": Place(
        "/north/clients/views?list=status%3Dactive",
        "name",
        "/north/clients/views?list=status%3Dactive",
        shown="/north/clients/views",
    ),
    "scratchpad": Place("/north/scratchpad", "body", "/north/scratchpad", method="PUT"),
}


@dataclass(frozen=True)
class Desk:
    visitor: Visitor
    words: dict[str, str]

    def at(self, text: str) -> str:
        return text.format(**self.words)

    def send(self, place: Place, typed: str) -> Any:
        self.words["turn"] = str(int(self.words["turn"]) + 1)
        form = {**self.visitor.form(self.at(place.form)), **{name: self.at(value) for name, value in place.others}}
        form |= {place.field: typed}
        self.visitor.app.extensions["redis"].flushdb()  # nobody types so fast
        if place.method == "PUT":
            return self.visitor.put(self.at(place.action), form)
        return self.visitor.post(self.at(place.action), form)

    def page_after(self, place: Place, answer: Any) -> str:
        return str(self.visitor.get(self.at(place.shown) or answer.headers["Location"]).text)


@pytest.fixture
def desk(visit: Callable[[str], Visitor]) -> Desk:
    by = enter(ADMIN)
    client = make_client(by, full_name="Ines Guest")
    vessel = make_vessel(by, client)
    commit()
    page = f"/north/clients/{client.number}"
    words = {
        "turn": "0",
        "client": str(client.number),
        "client_page": page,
        "vessel": f"/north/vessels/{vessel.number}",
    }
    return Desk(visit(ADMIN), words)


def errors_of(answer: Any) -> list[str]:
    return re.findall(r'class="error".*?</p>|<title>.*?</title>', answer.text, re.S)


@pytest.mark.parametrize("name", PLACES)
def test_it_is_shown_as_it_was_typed(desk: Desk, name: str) -> None:
    place = PLACES[name]
    for typed in NAUGHTY:
        answer = desk.send(place, typed)
        assert answer.status_code == 303, (typed, errors_of(answer))
        shown = desk.page_after(place, answer)
        assert str(escape(typed)) in shown, typed
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown


@pytest.mark.parametrize("name", PLACES)
def test_ten_thousand_letters_are_kept_or_refused_beside_their_field(desk: Desk, name: str) -> None:
    place = PLACES[name]
    answer = desk.send(place, LONG)
    if answer.status_code == 303:
        assert LONG.strip() in desk.page_after(place, answer)
        return
    assert answer.status_code == 422
    assert answer.text.count('class="error"') == 1
    assert "This is longer than" in answer.text
    assert LONG.strip() in answer.text


@pytest.mark.parametrize("name", PLACES)
def test_a_nul_is_left_out(desk: Desk, name: str) -> None:
    place = PLACES[name]
    answer = desk.send(place, "No\x00rd star")
    assert answer.status_code == 303, errors_of(answer)
    assert "Nord star" in desk.page_after(place, answer)


@pytest.mark.parametrize("typed", [typed for typed in NAUGHTY if '"' not in typed])  # which no header can hold
def test_a_file_keeps_its_name_without_folders(desk: Desk, typed: str) -> None:
    name = f"{typed}.pdf"
    form = {**desk.visitor.form("/north/files"), "files": (BytesIO(samples.pdf()), name)}
    answer = desk.visitor.post("/north/files", form, content_type="multipart/form-data")
    assert answer.status_code == 303, errors_of(answer)
    stem = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in stem if letter.isprintable() or letter == "\u200d")
    shown = desk.visitor.get("/north/files").text
    assert str(escape(kept)) in shown
    assert "<script>alert" not in shown


def test_what_was_searched_is_shown_as_it_was_typed(desk: Desk) -> None:
    for typed in [*NAUGHTY, "a\x00b", LONG]:
        for path in ("/north/search?q=", "/north/clients?q=", "/north/vessels?q=", "/north/files?q="):
            answer = desk.visitor.get(path + quote(typed))
            assert answer.status_code == 200, (path, typed)
            assert "<script>alert" not in answer.text
