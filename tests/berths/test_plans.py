"""The plan behind the docks: uploaded, placed by numbers, shown to whom the map is, replaced, taken away and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from app.berths.models import Harbour, HarbourPlan
from app.db import commit, db
from app.events.models import Event
from app.events.reverts import WAYS, NotReverted, revert
from app.files.models import File
from tests.files import samples
from tests.world import PDF, Visitor, enter, make_berth, make_file, make_picture

pytestmark = pytest.mark.usefixtures("db")

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
MAP = "/north/berths/map"
Visit = Callable[[str], Visitor]
AT = {"x": Decimal("-12.5"), "y": Decimal(3), "width": Decimal(80), "opacity": 40}


def harbour_with_berth() -> Harbour:
    """Locked or not, it is the same one."""
    berth = make_berth(enter(MANAGER))
    return db.session.get_one(Harbour, berth.dock.harbour.id)


def planned(name: str = "chart.png", *, is_pictured: bool = True) -> tuple[Harbour, HarbourPlan]:
    harbour, manager = harbour_with_berth(), enter(MANAGER)
    file = make_file(manager, name, samples.picture("PNG"), record=harbour)
    if is_pictured:
        make_picture(file)
    plan = HarbourPlan.show(harbour, file, width=Decimal(50), by=manager)
    plan.update(harbour, AT, by=manager)
    return harbour, plan


def send(visitor: Visitor, number: int, content: bytes, name: str) -> Any:
    at = f"/north/harbours/{number}/plan"
    keys = re.search(r'name="_key" value="([^"]+)"', visitor.get(at).text)
    token = re.search(r'name="csrf_token" value="([^"]+)"', visitor.get(at).text)
    assert keys
    assert token
    sent = {"file": (BytesIO(content), name), "_key": keys[1], "csrf_token": token[1]}
    return visitor.post(at, sent, content_type="multipart/form-data")


def test_a_picture_is_shown_once_moved_taken_away_and_back(relayed: Callable[[], list[str]]) -> None:
    harbour, manager = harbour_with_berth(), enter(MANAGER)
    file = make_file(manager, "chart.png", samples.picture("PNG"), record=harbour)
    plan = HarbourPlan.show(harbour, file, width=Decimal(50), by=manager)
    assert HarbourPlan.show(harbour, file, width=Decimal(99), by=manager) is plan
    assert (plan.width, plan.opacity) == (Decimal(50), 60)
    assert plan.update(harbour, AT, by=manager)
    assert not plan.update(harbour, AT, by=manager)
    for _twice in range(2):
        plan.archive(harbour, by=manager)
    for _twice in range(2):
        there = HarbourPlan.of(harbour)
        assert there
        there.restore(harbour, by=manager)
    commit()
    told = [name for name in relayed() if name.startswith("harbour:plan")]
    assert told == [f"harbour:plan{happened}" for happened in ("Shown", "Updated", "Hidden", "Shown")]


def test_another_picture_lies_where_the_one_before_lay() -> None:
    harbour, plan = planned()
    manager = enter(MANAGER)
    other = make_file(manager, "photo.png", samples.picture("PNG"), record=harbour)
    HarbourPlan.show(harbour, other, width=Decimal(7), by=manager)
    assert (plan.file_id, plan.width) == (other.id, Decimal(80))


def test_a_move_of_the_plan_is_taken_back_unless_it_moved_again() -> None:
    harbour, plan = planned()
    manager = enter(MANAGER)
    moved = db.session.scalars(select(Event).where(Event.name == "harbour:planUpdated")).one()
    assert revert(moved, WAYS[moved.name], manager)
    assert (plan.x, plan.opacity) == (Decimal(0), 60)
    plan.update(harbour, {"x": Decimal(1)}, by=manager)
    with pytest.raises(NotReverted):
        revert(moved, WAYS[moved.name], manager)


def test_a_picture_is_uploaded_and_another_one_with_undo(visit: Visit) -> None:
    number = harbour_with_berth().number
    commit()
    manager = visit(MANAGER)
    assert send(manager, number, samples.picture("PNG"), "chart.png").status_code == 303
    assert send(manager, number, samples.picture("JPEG"), "photo.jpg").status_code == 303
    page = manager.get(f"/north/harbours/{number}/plan").text
    assert ">photo.jpg</h2>" in page
    first = db.session.scalars(select(File).where(File.filename == "chart.png")).one()
    again = f"/north/harbours/{number}/plan/file?file={first.number}&_method=PUT"
    assert page.count(again.replace("&", "&amp;")) == 2  # in the list, and as the undo
    token = manager.form(f"/north/harbours/{number}/plan")["csrf_token"]
    assert manager.post(again, {"csrf_token": token}).status_code == 303
    assert ">chart.png</h2>" in manager.get(f"/north/harbours/{number}/plan").text


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (samples.picture("GIF"), "waves.gif", "Send PNG, JPEG or WebP."),
        (PDF, "chart.pdf", "Send PNG, JPEG or WebP."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "chart.svg", "which is not taken"),
        (b"", "chart.png", "is empty"),
    ],
)
def test_what_is_no_picture_is_refused(visit: Visit, content: bytes, name: str, said: str) -> None:
    number = harbour_with_berth().number
    commit()
    answer = send(visit(MANAGER), number, content, name)
    assert answer.status_code == 422
    assert said.replace("which is not taken", "not taken") in answer.text


def test_it_lies_behind_the_docks_for_whoever_sees_the_map(visit: Visit) -> None:
    planned()
    commit()
    viewer = visit(VIEWER)
    page = viewer.get(MAP).text
    at = 'x="-125" y="30" width="800" height="800" opacity="0.4"'
    image = re.search(f'<image class="behind" href="([^"]+)" {at}', page)
    assert image
    answer = viewer.get(image[1].replace("&amp;", "&"))
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert 'class="land"' not in page


def test_nothing_is_shown_of_what_has_no_picture_yet_or_was_taken_away(visit: Visit) -> None:
    harbour, plan = planned(is_pictured=False)
    number = harbour.number
    commit()
    viewer = visit(VIEWER)
    at = f"/north/harbours/{number}/plan"
    assert "as soon as its picture is made" in viewer.get(at).text
    assert "<image" not in viewer.get(MAP).text
    assert viewer.get(f"{at}/picture").status_code == 404
    enter(MANAGER)
    make_picture(db.session.get_one(File, db.session.get_one(HarbourPlan, plan.id).file_id))
    commit()
    assert "<image" in viewer.get(MAP).text
    manager = visit(MANAGER)
    token = manager.form(at)["csrf_token"]
    manager.post(f"{at}/archival", {"csrf_token": token})
    assert "<image" not in viewer.get(MAP).text
    manager.post(f"{at}/archival?_method=DELETE", {"csrf_token": token})
    assert "<image" in viewer.get(MAP).text


def test_its_place_is_typed_and_what_is_none_is_said_beside_it(visit: Visit) -> None:
    number = planned()[0].number
    commit()
    manager, at = visit(MANAGER), f"/north/harbours/{number}/plan"
    form = manager.form(at)
    assert (form["x"], form["width"], form["opacity"]) == ("-12.5", "80.0", "40")
    assert manager.put(at, {**form, "width": "120,5"}).status_code == 303
    assert 'width="1205"' in manager.get(MAP).text
    answer = manager.put(at, {**manager.form(at), "width": "0", "opacity": "101"})
    assert answer.status_code == 422
    assert "Between 1 and 9999 metres." in answer.text
    assert "Between 5 and 100." in answer.text


def test_somebody_elses_move_is_kept_and_a_clash_is_asked_about(visit: Visit) -> None:
    number = planned()[0].number
    commit()
    manager, at = visit(MANAGER), f"/north/harbours/{number}/plan"
    opened = manager.form(at)
    manager.put(at, {**opened, "x": "1.0"})
    assert manager.put(at, {**opened, "y": "2.0"}).status_code == 303
    assert (manager.form(at)["x"], manager.form(at)["y"]) == ("1.0", "2.0")
    assert manager.put(at, {**opened, "x": "9.0"}).status_code == 409


def test_a_picture_of_another_harbour_is_none(visit: Visit) -> None:
    number = planned()[0].number
    stranger = make_file(enter(MANAGER), "stranger.png", samples.picture("PNG")).number
    commit()
    manager = visit(MANAGER)
    token = manager.form(f"/north/harbours/{number}/plan")["csrf_token"]
    at = f"/north/harbours/{number}/plan/file?file={stranger}&_method=PUT"
    assert manager.post(at, {"csrf_token": token}).status_code == 404
