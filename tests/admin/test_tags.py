"""Tags: added, changed, put away and back; one name once among those in use."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import literal, select

from app.db import begin, commit, db
from app.tags.models import COLOURS, USES, Tag
from tests.world import NORTH, SOUTH, Visitor, enter, user_id

ADMIN = "port_admin@north.example"
URL = "/north/admin/tags"
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]


def make_tag(name: str, colour: str = "teal", *, slug: str = "north") -> str:
    by = enter(f"port_admin@{slug}.example", slug)
    tag = Tag.create(name, colour, port_id=by.here().id, by=by)
    commit()
    return f"/{slug}/admin/tags/{tag.id}"


def tags() -> dict[str, tuple[str, bool]]:
    begin(port_id=NORTH, user_id=user_id(ADMIN), scope="staff")
    return {tag.name: (tag.colour, tag.archived_at is not None) for tag in db.session.scalars(select(Tag))}


def test_a_tag_sent_twice_is_added_once(visit: Visit, relayed: Relayed) -> None:
    visitor = visit(ADMIN)
    form = {**visitor.form(f"{URL}/new"), "name": "  Winters  aboard ", "colour": "teal"}
    for _ in range(2):
        assert visitor.post(URL, form).status_code == 303
    assert tags() == {"Winters aboard": ("teal", False)}
    assert relayed() == ["tag:created"]
    assert '<span class="tinted teal">Winters aboard</span>' in visitor.get(URL).text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": ""}, "Type a name."),
        ({"name": "x" * 41}, "longer than 40"),
        ({"name": "vip"}, "There is a tag called VIP already."),
        ({"name": "New", "colour": "pink"}, "Not a valid choice"),
    ],
)
def test_a_tag_that_cannot_be_is_told_beside_it(visit: Visit, typed: dict[str, str], words: str) -> None:
    make_tag("VIP")
    visitor = visit(ADMIN)
    answer = visitor.post(URL, {"colour": "red", **typed})
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{typed["name"]}"' in answer.text
    assert set(tags()) == {"VIP"}


def test_a_tag_is_changed(visit: Visit, relayed: Relayed) -> None:
    url, visitor = make_tag("VIP"), visit(ADMIN)
    make_tag("Charter")
    relayed()
    opened = visitor.form(f"{url}/edit")
    assert visitor.put(url, {**opened, "name": "V.I.P.", "colour": "navy"}).status_code == 303
    assert visitor.put(url, {**opened, "name": "V.I.P.", "colour": "navy"}).status_code == 303, "twice is once"
    assert tags()["V.I.P."] == ("navy", False)
    assert relayed() == ["tag:updated"]
    taken = visitor.put(url, {**visitor.form(f"{url}/edit"), "name": "CHARTER"})
    assert taken.status_code == 422
    assert "There is a tag called Charter already." in taken.text
    assert visitor.put(url, {**visitor.form(f"{url}/edit"), "name": "v.i.p."}).status_code == 303, "its own name"


def test_two_editors_of_one_tag(visit: Visit) -> None:
    url, mine, theirs = make_tag("VIP"), visit(ADMIN), visit("super@quayside.example")
    opened = mine.form(f"{url}/edit")
    assert theirs.put(url, {**theirs.form(f"{url}/edit"), "colour": "red"}).status_code == 303
    assert mine.put(url, {**opened, "name": "Guest of honour"}).status_code == 303
    assert tags() == {"Guest of honour": ("red", False)}
    clash = mine.put(url, {**opened, "name": "Honoured"})
    assert clash.status_code == 409
    assert "which one is right?" in clash.text


def test_archived_restored_and_undone(visit: Visit, relayed: Relayed) -> None:
    url, visitor = make_tag("VIP"), visit(ADMIN)
    relayed()
    for _ in range(2):
        assert visitor.post(f"{url}/archival").status_code == 303
    assert tags()["VIP"][1]
    shown = visitor.get(URL).text
    assert "VIP was archived" in shown
    assert 'class="tinted' not in shown
    assert '<span class="tinted teal">VIP</span>' in visitor.get(f"{URL}?archived=1").text
    undo = re.findall(r'class="toast.*?action="([^"]+)"', shown, re.S)[0]
    assert visitor.post(undo.replace("&amp;", "&")).status_code == 303
    assert visitor.delete(f"{url}/archival").status_code == 303
    assert not tags()["VIP"][1]
    assert relayed() == ["tag:archived", "tag:restored"]


def test_a_tag_does_not_come_back_onto_a_taken_name(visit: Visit) -> None:
    url, visitor = make_tag("VIP"), visit(ADMIN)
    visitor.post(f"{url}/archival")
    make_tag("vip")
    refused = visitor.delete(f"{url}/archival")
    assert refused.status_code == 409
    assert "VIP cannot come back: the tag vip has the name now." in refused.text
    assert tags()["VIP"][1]


def test_the_same_name_in_another_port_is_nobodys_business(visit: Visit) -> None:
    theirs = make_tag("VIP", slug="south")
    make_tag("VIP")
    visitor = visit(ADMIN)
    assert visitor.get(theirs.replace("/south/", "/north/") + "/edit").status_code == 404
    assert visitor.get(f"{theirs}/edit").status_code == 404
    assert NORTH != SOUTH


def test_what_carries_a_tag_is_counted_through_the_registry(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, statements: list[str]
) -> None:
    for colour in COLOURS:
        make_tag(f"Tag {colour}", colour)
    visitor = visit(ADMIN)
    assert visitor.get(URL).text.count("not used yet") == 8
    monkeypatch.setattr("app.tags.models.tag.USES", [*USES, lambda: literal(2), lambda: literal(1)])
    statements.clear()
    assert visitor.get(URL).text.count("3 records") == 8
    assert len(statements) <= 2


def test_who_does_not_manage_tags_is_denied(db: SQLAlchemy, visit: Visit) -> None:
    assert visit("director@north.example").get(URL).status_code == 403
