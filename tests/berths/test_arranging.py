"""Arranging the map: places of single berths and of docks, typed, dropped, taken back, and overtaken by others."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app.berths.models import Berth, Dock, OwnPlace, Position, lay, position_of
from app.db import commit, db
from app.errors import Refused
from app.events.models import Event
from app.events.reverts import WAYS, NotReverted, revert
from tests.world import Visitor, enter, fields_of, make_berth, make_dock

pytestmark = pytest.mark.usefixtures("db")

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
MAP = "/north/berths/map"
Visit = Callable[[str], Visitor]
THERE = Position(Decimal("12.5"), Decimal(30), 45, Decimal("-1.5"), Decimal(4))


def made_berth(code: str = "1") -> Berth:
    manager = enter(MANAGER)
    return make_berth(manager, make_dock(manager, "B"), code=code, max_loa=Decimal(10), max_beam=Decimal(4))


def latest() -> Event:
    return db.session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()


def form_for(manager: Visitor, about: str) -> dict[str, Any]:
    return manager.form(f"{MAP}/edit?{about}")


def test_a_berth_gets_a_place_once_and_gives_it_back(relayed: Callable[[], list[str]]) -> None:
    berth_id = made_berth().id
    commit()
    relayed()
    manager = enter(MANAGER)
    berth = db.session.get_one(Berth, berth_id)
    assert lay(berth, THERE, by=manager)
    assert position_of(berth) == THERE
    assert not lay(berth, THERE, by=manager)
    assert lay(berth, Position(), by=manager)
    assert not lay(berth, Position(label_x=Decimal(1), label_y=Decimal(1)), by=manager)
    assert OwnPlace.of(berth) is None
    commit()
    assert relayed() == ["berth:placed", "berth:unplaced"]


def test_an_archived_berth_is_not_placed() -> None:
    berth, manager = made_berth(), enter(MANAGER)
    berth.archive(by=manager)
    with pytest.raises(Refused):
        lay(berth, THERE, by=manager)


def test_a_berth_that_moves_to_another_dock_leaves_its_place() -> None:
    berth, manager = made_berth(), enter(MANAGER)
    lay(berth, THERE, by=manager)
    berth.update({"dock_id": make_dock(manager, "C").id}, by=manager)
    db.session.expire_all()
    assert position_of(berth) == Position()


def test_a_place_is_taken_back_and_that_as_well() -> None:
    berth, manager = made_berth(), enter(MANAGER)
    lay(berth, THERE, by=manager)
    placed = latest()
    assert revert(placed, WAYS[placed.name], manager)
    assert position_of(berth) == Position()
    reverted = latest()
    assert reverted.name == "berth:placeReverted"
    assert revert(reverted, WAYS[reverted.name], manager)
    assert position_of(berth) == THERE


def test_a_place_that_was_changed_again_is_not_taken_back() -> None:
    berth, manager = made_berth(), enter(MANAGER)
    lay(berth, THERE, by=manager)
    placed = latest()
    lay(berth, Position(Decimal(1), Decimal(2), 0), by=manager)
    with pytest.raises(NotReverted) as refused:
        revert(placed, WAYS[placed.name], manager)
    assert "Metres from the left of the map" in {reason.label for reason in refused.value.reasons}
    assert position_of(berth).x == 1


def test_a_berth_is_placed_by_typing_and_found_its_place_again(visit: Visit) -> None:
    number = made_berth().number
    commit()
    manager, at = visit(MANAGER), f"/north/berths/{number}/place"
    form = form_for(manager, f"berth={number}")
    assert form["was"] == ""
    assert float(form["x"]) > 0  # where the map has it
    typed = {"x": "12,5", "y": "30 m", "turn": "135", "label_x": "", "label_y": ""}
    answer = manager.put(at, {**form, **typed})
    assert answer.status_code == 303
    page = manager.get(MAP).text
    assert (
        f'<g id="single-{number}" data-pier transform="translate(125 300)rotate(135)"><svg id="spot-{number}">' in page
    )
    assert page.count('class="spot"') == 1
    assert manager.post(f"{at}?_method=DELETE", {"csrf_token": form["csrf_token"]}).status_code == 303
    assert "rotate(135)" not in manager.get(MAP).text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"x": ""}, "Say how many metres."),
        ({"x": "5000.1"}, "Between 0 and 5000 metres."),
        ({"y": "-0.1"}, "Between 0 and 5000 metres."),
        ({"y": "far"}, "Write metres such as 12.5."),
        ({"turn": "360"}, "Between 0 and 359 degrees."),
        ({"label_x": "3.0"}, "Right and below go together."),
        ({"label_x": "101", "label_y": "1"}, "Between -100 and 100 metres."),
    ],
)
def test_a_place_that_is_none_is_said_beside_it(visit: Visit, typed: dict[str, str], said: str) -> None:
    number = made_berth().number
    commit()
    manager = visit(MANAGER)
    form = form_for(manager, f"berth={number}")
    answer = manager.put(f"/north/berths/{number}/place", {**form, **typed})
    assert answer.status_code == 422
    assert said in answer.text
    assert f'href="{MAP}/edit?harbour=' in answer.text  # what is chosen next is not looked for where the form was sent
    assert all(f'value="{value}"' in answer.text for value in typed.values())


def test_a_dock_is_dropped_and_its_undo_puts_it_back(visit: Visit) -> None:
    number = db.session.get_one(Dock, made_berth().dock_id).number
    commit()
    manager, at = visit(MANAGER), f"/north/docks/{number}/place"
    form = form_for(manager, f"dock={number}")
    manager.put(at, {**form, "plan_x": "40", "plan_y": "25", "plan_turn": "90"})
    form = form_for(manager, f"dock={number}")
    assert form["was"] == "40 25 90"
    manager.get(MAP)
    manager.put(at, {**form, "plan_x": "50"})
    page = manager.get(MAP).text
    assert 'transform="translate(500 250)rotate(90)"' in page
    undo = re.search(r'action="([^"]*/place\?[^"]*)"', page)
    assert undo
    manager.post(undo[1].replace("&amp;", "&"), {"csrf_token": form["csrf_token"]})
    assert 'transform="translate(400 250)rotate(90)"' in manager.get(MAP).text
    manager.post(f"{at}?_method=DELETE", {"csrf_token": form["csrf_token"]})
    assert "data-pier aria" in manager.get(MAP).text


def test_what_was_moved_meanwhile_is_said_and_counts_when_sent_again(visit: Visit) -> None:
    number = made_berth().number
    commit()
    manager, at = visit(MANAGER), f"/north/berths/{number}/place"
    seen = form_for(manager, f"berth={number}")
    manager.put(at, {**seen, "x": "10", "y": "10", "turn": "0"})
    answer = manager.put(at, {**seen, "x": "20", "y": "20", "turn": "0"})
    assert answer.status_code == 409
    assert re.search(r"moved it on .*: it lies 10\.0 m from the left and 10\.0 m from the top now", answer.text)
    assert 'value="20.0"' in answer.text
    assert manager.put(at, fields_of(answer.text)).status_code == 303
    assert "translate(200 200)" in manager.get(MAP).text


def test_a_dock_moved_meanwhile_is_said_too(visit: Visit) -> None:
    number = db.session.get_one(Dock, made_berth().dock_id).number
    commit()
    manager, at = visit(MANAGER), f"/north/docks/{number}/place"
    seen = form_for(manager, f"dock={number}")
    manager.put(at, {**seen, "plan_x": "40", "plan_y": "25", "plan_turn": "90"})
    answer = manager.put(at, {**seen, "plan_x": "41", "plan_y": "25", "plan_turn": "90"})
    assert answer.status_code == 409
    assert "40 m from the left and 25 m from the top" in answer.text


def test_only_who_may_edit_is_led_to_arranging(visit: Visit) -> None:
    made_berth()
    commit()
    assert f'href="{MAP}/edit?harbour=' in visit(MANAGER).get(MAP).text
    assert f"{MAP}/edit" not in visit(VIEWER).get(MAP).text


def test_moorings_are_moved_together(visit: Visit) -> None:
    manager = enter(MANAGER)
    make_berth(manager, make_dock(manager, "-"), code="M1")
    commit()
    assert '<rect class="field"' in visit(MANAGER).get(f"{MAP}/edit").text


def test_arranging_takes_few_statements_however_many_berths_there_are(visit: Visit, statements: list[str]) -> None:
    manager = enter(MANAGER)
    dock = make_dock(manager, "B")
    for number in range(20):
        lay(make_berth(manager, dock, code=str(number)), THERE, by=manager)
    chosen = f"{MAP}/edit?dock={dock.number}"
    commit()
    visitor = visit(MANAGER)
    statements.clear()
    visitor.get(f"{MAP}/edit")
    assert len(statements) <= 3  # who asks, the harbours, their berths
    statements.clear()
    visitor.get(chosen)
    assert len(statements) <= 5  # and the dock, its harbour


def test_the_list_and_the_berth_that_the_map_leads_to_keep_the_harbour(visit: Visit) -> None:
    berth = made_berth()
    harbour, number = berth.dock.harbour.number, berth.number
    commit()
    page = visit(MANAGER).get(f"{MAP}?berth={number}&sign=available").text
    assert f'href="/north/berths?harbour={harbour}&amp;status=available"' in page
    assert f'href="/north/berths/{number}?list=harbour%3D{harbour}"' in page
    assert f'href="/north/berths/{number}/occupancies/new?kind=hold"' in page
    assert "kind=hold" not in visit(VIEWER).get(f"{MAP}?berth={number}").text
