"""The map of a harbour: what it shows of each berth, what fits, who is here, and what is pushed to open maps."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import brotli
import pytest
from flask import Flask
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import Range

from app.berths.map.queries import LONGEST_NAME
from app.berths.models import Berth, BerthStatus, Dock, Harbour, Occupancy, OccupancyKind
from app.db import commit, db
from app.live.rooms import channel_of
from app.live.window import frame_of
from tests.world import NORTH, Visitor, enter, make_berth, make_client, make_dock, make_vessel, relay

pytestmark = pytest.mark.usefixtures("db")

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
MAP = "/north/berths/map"
FIRST_VISIT, ONE_STATUS = 150_000, 3_000  # bytes
Visit = Callable[[str], Visitor]


def labels_in(page: str) -> list[str]:
    return re.findall(r'class="spot[^"]*" aria-label="([^"]+)"', page)


def lit_in(page: str) -> list[str]:
    return re.findall(r'class="spot(?: fits)?" aria-label="(B \d+)', page)


def made_berths(count: int = 3) -> list[Berth]:
    manager = enter(MANAGER)
    dock = make_dock(manager, "B")
    made = [make_berth(manager, dock, code=str(n), max_loa=Decimal(9 + n)) for n in range(1, count + 1)]
    made[0].change_status(BerthStatus.SOLD, by=manager, triggered_by="hand")
    commit()
    return made


def test_each_berth_is_a_link_that_says_where_it_stands(visit: Visit) -> None:
    made_berths()
    page = visit(VIEWER).get(MAP).text
    assert labels_in(page) == ["B 1, Sold or let", "B 3, Available", "B 2, Available"]
    assert re.search(r"Available <b[^>]*>2</b>", page)


def test_one_sign_alone_is_lit(visit: Visit) -> None:
    made_berths()
    assert lit_in(visit(VIEWER).get(f"{MAP}?sign=available").text) == ["B 3", "B 2"]


def test_what_does_not_fit_is_dim_and_the_panel_says_why(visit: Visit) -> None:
    number = made_berths()[0].number
    page = visit(VIEWER).get(f"{MAP}?fits=10.5+x+3&berth={number}").text
    assert lit_in(page) == ["B 3", "B 2"]
    assert "too long" in page


def test_a_vessel_is_meant_by_its_name(visit: Visit) -> None:
    made_berths()
    manager = enter(MANAGER)
    make_vessel(manager, make_client(manager), name="Sirocco", loa_declared=Decimal("11.5"))
    commit()
    assert lit_in(visit(MANAGER).get(f"{MAP}?fits=Sirocco").text) == ["B 3"]


@pytest.mark.parametrize("typed", ["Nobody", "14 x wide", "9999 x 3", "\x00"])
def test_what_is_no_size_and_no_vessel_is_said_beside_it(visit: Visit, typed: str) -> None:
    made_berths()
    response = visit(MANAGER).get(MAP, query_string={"fits": typed})
    assert response.status_code == 200
    assert ('id="fits-error"' in response.text) == (typed != "\x00")
    assert len(lit_in(response.text)) == 3


def stay(berth: Berth, begins: datetime, ends: datetime, **more: Any) -> Occupancy:
    manager = enter(MANAGER)
    client = make_client(manager)
    vessel = make_vessel(manager, client, name="S" * 60)
    return Occupancy.book(
        berth, Range(begins, ends), OccupancyKind.VISIT, by=manager, client=client, vessel=vessel, **more
    )


@pytest.mark.parametrize(("day", "sign"), [("2026-07-13", "Free"), ("2026-07-14", "Booked"), ("2026-07-16", "Free")])
def test_who_is_here_on_a_day(visit: Visit, day: str, sign: str) -> None:
    """Who leaves at noon is not there in the night after that day."""
    berth = made_berths(1)[0]
    stay(berth, datetime(2026, 7, 14, 16, tzinfo=UTC), datetime(2026, 7, 16, 9, tzinfo=UTC))
    commit()
    boat = f", {'S' * LONGEST_NAME}" if sign == "Booked" else ""
    assert labels_in(visit(VIEWER).get(f"{MAP}?on={day}").text) == [f"B 1, {sign}{boat}"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-13-01", "soon"])
def test_a_day_that_is_none_is_not_looked_at(visit: Visit, day: str) -> None:
    made_berths()
    assert visit(VIEWER).get(f"{MAP}?on={day}").status_code == 200


def test_a_berth_by_itself_and_beside_the_map(visit: Visit) -> None:
    number = made_berths()[0].number
    viewer = visit(VIEWER)
    assert "<title>" in viewer.get(f"/north/berths/{number}/brief").text
    part = viewer.get(f"/north/berths/{number}/brief", headers={"HX-Request-Type": "partial"}).text
    assert part.lstrip().startswith("<header>")
    assert "Book a stay" not in part
    assert viewer.get(f"{MAP}?berth=999999").status_code == 404


def test_a_port_without_harbours_is_told_where_to_begin(visit: Visit) -> None:
    assert "No harbour yet" in visit(MANAGER).get(MAP).text


def test_a_harbour_takes_four_statements_however_many_berths_it_has(visit: Visit, statements: list[str]) -> None:
    made = made_berths(2)
    viewer = visit(VIEWER)
    viewer.get(MAP)
    for query in ("", "?view=stays", "?fits=10+x+3", "?sign=sold"):
        statements.clear()
        viewer.get(MAP + query)
        assert len(statements) <= 4, query  # who asks, the harbours, their berths, who is there
    manager = enter(MANAGER)
    for number in range(10, 30):
        make_berth(manager, db.session.get_one(Dock, made[0].dock_id), code=str(number))
    commit()
    statements.clear()
    viewer.get(f"{MAP}?view=stays")
    assert len(statements) <= 4


def fill(count: int, docks: int = 20) -> None:
    """One harbour with that many berths, of all statuses."""
    manager = enter(MANAGER)
    harbour = Harbour.create({"name": "Long Reach"}, port_id=NORTH, by=manager)
    made = [make_dock(manager, f"Pier {n}", harbour) for n in range(1, docks + 1)]
    rows = []
    for n in range(count):
        dock, code = made[n % docks], str(n // docks + 1)
        place = f"{dock.sort_name}\t{code.zfill(12)}"
        size = {"max_loa": Decimal(6 + n % 14), "max_beam": Decimal(20 + n % 31) / 10}
        status = list(BerthStatus)[n % len(BerthStatus)]
        own = {"id": uuid.uuid4(), "port_id": NORTH, "number": 5000 + n, "dock_id": dock.id, "status": status, **size}
        rows.append({**own, "code": code, "sort_code": code.zfill(12), "sort_place": place})
    db.session.execute(insert(Berth), rows)
    commit()


def test_a_first_visit_of_two_thousand_berths_loads_little(app: Flask, visit: Visit) -> None:
    """The page with all that it names, as it goes over the wire."""
    fill(2000)
    viewer = visit(VIEWER)
    answer = viewer.get(MAP, headers={"Accept-Encoding": "br"})
    page = brotli.decompress(answer.data).decode()
    assert len(labels_in(page)) == 2000
    assets = app.extensions["assets"]
    named = set(re.findall(r"/static/([^\"'#?)\s]+)", page + assets.files["app.css"].body.decode()))
    files = [assets.files[name] for name in named]
    assert {"text/css", "font/woff2", "image/svg+xml"} <= {file.mimetype for file in files}
    assert len(answer.data) + sum(len(file.encoded.get("br", file.body)) for file in files) <= FIRST_VISIT


def test_a_changed_status_is_one_small_message(app: Flask) -> None:
    fill(200)
    berth = db.session.query(Berth).filter_by(number=5000).one()
    relay()
    manager = enter(MANAGER)
    berth = db.session.get_one(Berth, berth.id)
    redis = app.extensions["redis"]
    with redis.pubsub() as heard:
        heard.subscribe(channel_of(redis))
        assert heard.get_message(timeout=2)["type"] == "subscribe"
        berth.change_status(BerthStatus.SOLD, by=manager, triggered_by="hand")
        relay()
        said = []
        while message := heard.get_message(ignore_subscribe_messages=True, timeout=0.2):
            said.append(message["data"].decode().removeprefix("say ").partition("\n"))
    on_maps = [text for room, _newline, text in said if ":map:statuses-" in room]
    assert len(on_maps) == 1
    assert 'id="spot-5000"' in on_maps[0]
    assert len(frame_of(on_maps[0])) <= ONE_STATUS


def test_it_follows_what_becomes_of_the_picture_behind_it(visit: Visit) -> None:
    made_berths(1)
    number = db.session.query(Harbour).one().number
    manager = visit(MANAGER)
    for page in (MAP, f"{MAP}?sign=sold", f"{MAP}?view=stays", f"{MAP}/edit"):
        [followed] = re.findall(r'data-follow="([^"]*)"', manager.get(page).text)
        assert f"plan:{number}" in followed.split()


def test_a_dock_is_placed_and_turned_by_its_form_and_finds_its_own_place_again(visit: Visit) -> None:
    number = db.session.get_one(Dock, made_berths(1)[0].dock_id).number
    manager = visit(MANAGER)
    at = f"/north/docks/{number}"
    form = manager.form(f"{at}/edit")
    assert manager.put(at, {**form, "plan_x": "40", "plan_y": "25", "plan_turn": "90"}).status_code == 303
    placed = 'data-pier transform="translate(400 250)rotate(90)"'
    assert placed in manager.get(MAP).text
    form = manager.form(f"{at}/edit")
    assert (form["plan_x"], form["plan_y"], form["plan_turn"]) == ("40", "25", "90")
    assert manager.put(at, {**form, "plan_x": "", "plan_y": "", "plan_turn": ""}).status_code == 303
    assert "data-pier aria" in manager.get(MAP).text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"plan_x": "40"}, "Left and top go together."),
        ({"plan_y": "0"}, "Left and top go together."),
        ({"plan_x": "5001", "plan_y": "1"}, "Between 0 and 5000 metres."),
        ({"plan_x": "1", "plan_y": "-1"}, "Between 0 and 5000 metres."),
        ({"plan_x": "1", "plan_y": "1", "plan_turn": "360"}, "Between 0 and 359 degrees."),
    ],
)
def test_a_place_that_is_none_is_said_beside_it(visit: Visit, typed: dict[str, str], said: str) -> None:
    number = db.session.get_one(Dock, made_berths(1)[0].dock_id).number
    manager = visit(MANAGER)
    form = manager.form(f"/north/docks/{number}/edit")
    answer = manager.put(f"/north/docks/{number}", {**form, **typed})
    assert answer.status_code == 422
    assert said in answer.text
    assert all(f'value="{value}"' in answer.text for value in typed.values())
