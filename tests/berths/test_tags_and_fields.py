"""Tags and custom fields of berths: on the page, in the timeline, as filters of the list, and taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.berths.models import Berth, BerthTag
from app.current import Member
from app.db import commit, db
from app.errors import Refused
from app.events.timeline import timeline
from app.fields.models import FieldDefinition, FieldValue
from app.tags.models import Tag, uses
from tests.berths.test_berths import names_in
from tests.world import NORTH, Visitor, enter, fields_of, make_berth, make_dock

pytestmark = pytest.mark.usefixtures("db")

MANAGER, ADMIN, VIEWER = "sales_manager@north.example", "port_admin@north.example", "viewer@north.example"
Visit = Callable[[str], Visitor]
Relayed = Callable[[], list[str]]


def make_tag(by: Member, name: str = "Near the crane") -> Tag:
    return Tag.create(name, "teal", port_id=NORTH, by=by)


def make_field(by: Member, **fields: object) -> FieldDefinition:
    given = {"label": "Pontoon", "kind": "choice", "options": ["Wood", "Concrete"], **fields}
    return FieldDefinition.create(given, resource="berth", currency="EUR", port_id=NORTH, by=by)


# --- Tags ---------------------------------------------------------------------------------------------------------


def test_a_tag_is_put_on_and_taken_off_once(relayed: Relayed) -> None:
    by = enter(ADMIN)
    berth, tag = make_berth(by), make_tag(by)
    assert [BerthTag.put_on(berth, tag, by=by) for _ in range(2)] == [True, False]
    assert db.session.scalar(select(uses()).where(Tag.id == tag.id)) == 1
    assert timeline("berth", berth.id)[0].text == "added the tag “Near the crane”"
    assert [BerthTag.take_off(berth, tag, by=by) for _ in range(2)] == [True, False]
    assert relayed()[4:] == ["berth:tagged", "berth:untagged"]


def test_a_tag_of_another_name_is_seen_in_open_lists_and_pages(
    relayed: Relayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = enter(ADMIN)
    berth, other, tag = make_berth(by), make_berth(by, make_dock(by, "C")), make_tag(by)
    BerthTag.put_on(berth, tag, by=by)
    pages, tag_id = (f"berth:{berth.id}", f"berth:{other.id}"), tag.id
    relayed()
    heard: list[str] = []
    monkeypatch.setattr("app.live.refresh", lambda room, **_: heard.append(room))
    by = enter(ADMIN)
    db.session.get_one(Tag, tag_id).archive(by=by)
    assert relayed() == ["tag:archived"]
    assert {f"port:{NORTH}:berths", f"port:{NORTH}:berths:narrowed", pages[0]} <= set(heard)
    assert pages[1] not in heard


def test_an_archived_tag_is_put_on_nothing_more() -> None:
    by = enter(ADMIN)
    berth, tag = make_berth(by), make_tag(by)
    tag.archive(by=by)
    with pytest.raises(Refused, match="archived"):
        BerthTag.put_on(berth, tag, by=by)


def test_tags_are_typed_chosen_and_taken_off_on_the_page(visit: Visit) -> None:
    by = enter(ADMIN)
    berth, tag_id = make_berth(by), make_tag(by).id
    url = f"/north/berths/{berth.number}"
    commit()
    manager = visit(MANAGER)
    assert manager.post(f"{url}/tags", {"name": "near THE crane"}).status_code == 303
    assert f'formaction="{url}/tags/{tag_id}?_method=DELETE"' in manager.get(url).text
    assert manager.delete(f"{url}/tags/{tag_id}").status_code == 303
    assert f"{url}/tags/{tag_id}?_method=DELETE" not in manager.get(url).text
    assert manager.put(f"{url}/tags/{tag_id}").status_code == 303
    assert "Near the crane" in visit(VIEWER).get(url).text


def test_a_tag_that_is_not_there_is_said_and_made_by_who_looks_after_tags(visit: Visit) -> None:
    url = f"/north/berths/{make_berth(enter(MANAGER)).number}"
    commit()
    answer = visit("sales_agent@north.example").post(f"{url}/tags", {"name": "Sunny"})
    if answer.status_code != 403:
        assert answer.status_code == 422
        assert "There is no tag called “Sunny”." in answer.text
    assert visit(ADMIN).post(f"{url}/tags", {"name": "Sunny"}).status_code == 303
    assert visit(ADMIN).post(f"{url}/tags", {"name": ""}).status_code == 422


def test_the_list_is_narrowed_to_a_tag(visit: Visit) -> None:
    by = enter(ADMIN)
    berth, tag = make_berth(by), make_tag(by)
    make_berth(by, berth.dock, code="13")
    BerthTag.put_on(berth, tag, by=by)
    url = f"/north/berths?tag={tag.id}"
    commit()
    assert names_in(visit(VIEWER).get(url).text) == ["B 12"]


# --- Custom fields ------------------------------------------------------------------------------------------------


def test_a_field_is_typed_shown_told_and_taken_back(visit: Visit) -> None:
    by = enter(ADMIN)
    make_field(by, label="Bollards", kind="number", options=[])
    berth = make_berth(by)
    url = f"/north/berths/{berth.number}"
    commit()
    admin = visit(ADMIN)
    form = admin.form(f"{url}/edit")
    assert admin.put(url, {**form, "custom_bollards": "many"}).status_code == 422
    assert fields_of(admin.put(url, {**form, "custom_bollards": "many"}).text)["custom_bollards"] == "many"
    assert admin.put(url, {**form, "custom_bollards": "4"}).status_code == 303
    assert "<dt>Bollards</dt>" in admin.get(url).text.replace("\n", "")
    enter(ADMIN)
    berth = db.session.scalars(select(Berth)).one()
    assert berth.custom == {"custom_bollards": "4"}
    latest = timeline("berth", berth.id)[0]
    assert latest.changes == [("Bollards", "", "4")]
    assert admin.post(f"/north/admin/audit/{latest.id}/reversal").status_code == 303
    enter(ADMIN)
    assert db.session.scalars(select(FieldValue)).all() == []


def test_a_new_berth_has_its_fields_in_one_event(visit: Visit, relayed: Relayed) -> None:
    by = enter(ADMIN)
    make_field(by)
    dock_id = make_berth(by).dock_id
    commit()
    relayed()
    admin = visit(ADMIN)
    typed = {"code": "99", "dock_id": str(dock_id), "custom_pontoon": "concrete"}
    assert admin.post("/north/berths", {**admin.form("/north/berths/new"), **typed}).status_code == 303
    assert relayed() == ["berth:created"]
    enter(ADMIN)
    assert db.session.scalars(select(Berth).where(Berth.code == "99")).one().custom == {"custom_pontoon": "concrete"}


def test_the_list_is_narrowed_to_a_choice(visit: Visit) -> None:
    by = enter(ADMIN)
    make_field(by)
    berth = make_berth(by)
    make_berth(by, berth.dock, code="13")
    berth.update({"custom_pontoon": "wood"}, by=by)
    commit()
    assert names_in(visit(VIEWER).get("/north/berths?custom_pontoon=wood").text) == ["B 12"]
    assert names_in(visit(VIEWER).get("/north/berths?custom_pontoon=concrete").text) == []


def test_search_looks_into_fields(visit: Visit) -> None:
    by = enter(ADMIN)
    crane = make_field(by, label="Crane", kind="text", options=[])
    make_field(by, label="Bollards", kind="number", options=[])
    berth = make_berth(by)
    other = make_berth(by, berth.dock, code="13")
    berth.update({"custom_crane": "Übersee-Kran", "custom_bollards": "4711"}, by=by)
    other.update({"custom_crane": "Westkran"}, by=by)
    crane_id, number = crane.id, berth.number
    commit()
    visitor = visit(VIEWER)

    def found(asked: str) -> list[str]:
        return names_in(visitor.get("/north/berths", query_string={"q": asked}).text)

    assert found("ubersee") == found("Übersee-kr") == found("b kran 47") == ["B 12"]
    assert found("13 ubersee") == found("bersee") == found("-") == []
    assert f"/north/berths/{number}" in visitor.get("/north/search", query_string={"q": "übersee"}).text
    db.session.get_one(FieldDefinition, crane_id).archive(by=enter(ADMIN))
    commit()
    assert found("ubersee") == []


def test_a_value_belongs_to_one_record_of_its_kind() -> None:
    by = enter(ADMIN)
    field, berth = make_field(by), make_berth(by)
    value = FieldValue(port_id=NORTH, definition_id=field.id, resource="vessel", kind="choice", text_value="wood")
    value.berth_id = berth.id
    db.session.add(value)
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_berths_are_offered_to_who_makes_fields(visit: Visit) -> None:
    page = visit(ADMIN).get("/north/admin/custom-fields").text
    assert "/north/admin/custom-fields/new?resource=berth" in page
