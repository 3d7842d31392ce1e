"""The overview map: harbours and docks at their coordinates, what is free there tonight, what open maps are sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from redis.client import PubSub
from sqlalchemy.dialects.postgresql import Range

from app.berths.availability import free, nearest
from app.berths.models import Berth, BerthStatus, Dock, Harbour, Occupancy, OccupancyKind
from app.changes.models import ChangeSet
from app.config import Credit
from app.db import commit, db, now
from app.live.rooms import channel_of
from tests.world import NORTH, Visitor, enter, make_berth, make_client, make_dock, relay

pytestmark = pytest.mark.usefixtures("db")

MANAGER, VIEWER = "sales_manager@north.example", "viewer@north.example"
OVERVIEW = "/north/berths/overview"
ROOM = f"port:{NORTH}:overview"
Visit = Callable[[str], Visitor]


def placed_dock(name: str = "B", harbour: Harbour | None = None, *, latitude: str = "60.1", **more: str) -> Dock:
    longitude = more.get("longitude", "24.9")
    return make_dock(enter(MANAGER), name, harbour, latitude=Decimal(latitude), longitude=Decimal(longitude))


def made_harbour(**fields: object) -> Harbour:
    return Harbour.create({"name": "Long Reach", **fields}, port_id=NORTH, by=enter(MANAGER))


def stay_tonight(berth: Berth) -> Occupancy:
    manager = enter(MANAGER)
    around = Range(now() - timedelta(days=1), now() + timedelta(days=3))
    return Occupancy.book(berth, around, OccupancyKind.VISIT, by=manager, client=make_client(manager))


def pins_in(page: str) -> list[str]:
    """What each pin says, without the signs for the eye."""
    found = re.findall(r"<template><a class=\"pin\".*?</a></template>", page, re.S)
    return [" ".join(re.sub(r"<[^>]+>", "", one).split()) for one in found]


def places_in(page: str) -> list[str]:
    return re.findall(r'data-at="([^"]+)"', page)


def test_each_dock_says_how_many_of_its_berths_are_free_tonight(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = placed_dock()
    berths = [make_berth(manager, dock, code=str(n)) for n in range(1, 5)]
    berths[0].change_status(BerthStatus.MAINTENANCE, by=manager, triggered_by="hand")
    stay_tonight(berths[1])
    berths[2].archive(by=manager)
    commit()
    page = visit(VIEWER).get(OVERVIEW).text
    assert pins_in(page) == ["Harbour of B, 1 of 3 free", "Dock B, Harbour of B, 1 of 3 free"]
    assert "1 free today" in page
    assert re.search(r'<a class="link" href="/north/berths/map\?harbour=\d+">Harbour of B</a>', page)


def test_a_berth_that_is_sold_is_free_nowhere(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = placed_dock()
    sold, other = (make_berth(manager, dock, code=code) for code in ("1", "2"))
    sold.change_status(BerthStatus.SOLD, by=manager, triggered_by="hand")
    tonight = Range(now(), now() + timedelta(days=1))
    assert [one.row.number for one in free(manager, tonight, {}, {})] == [other.number]
    assert nearest(other, tonight, {}, {}) == []
    commit()
    visitor = visit(VIEWER)
    assert pins_in(visitor.get(OVERVIEW).text)[0] == "Harbour of B, 1 of 2 free"
    page = visitor.get("/north/berths?now=free").text
    assert (">B 2</a>" in page, ">B 1</a>" in page) == (True, False)


def test_a_berth_that_is_sold_later_or_was_let_is_free_until_then_and_after(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = placed_dock()
    later, lapsing, lasting = (make_berth(manager, dock, code=code) for code in ("1", "2", "3"))
    day, client = timedelta(days=1), make_client(manager)
    Occupancy.book(later, Range(now() + 90 * day, None), OccupancyKind.CONTRACT, by=manager, client=client)
    lapsing.update({"tenure_expires_on": (now() + 20 * day).date()}, by=manager)
    lasting.update({"tenure_expires_on": (now() + 400 * day).date()}, by=manager)
    for berth in (later, lapsing, lasting):
        berth.change_status(BerthStatus.SOLD, by=manager, triggered_by="hand")
    found = [
        [one.row.code for one in free(manager, Range(now() + ahead * day, now() + (ahead + 3) * day), {}, {})]
        for ahead in (0, 30, 100)
    ]
    assert found == [["1"], ["1", "2"], ["2"]]
    commit()
    assert pins_in(visit(VIEWER).get(OVERVIEW).text)[0] == "Harbour of B, 1 of 3 free"


def test_a_berth_on_which_a_boat_lies_longer_than_booked_is_not_free_today(visit: Visit) -> None:
    manager = enter(MANAGER)
    dock = placed_dock()
    berth, other = (make_berth(manager, dock, code=code) for code in ("1", "2"))
    day, client = timedelta(days=1), make_client(manager, full_name="Yuki Okada")
    past = Range(now() - 9 * day, now() - 2 * day)
    stay = Occupancy.book(berth, past, OccupancyKind.VISIT, by=manager, client=client)
    stay.check_in(at=now() - 9 * day, by=manager)
    found = [
        [one.row.code for one in free(manager, Range(now() + ahead * day, now() + (ahead + 3) * day), {}, {})]
        for ahead in (0, 30)
    ]
    assert found == [["2"], ["1", "2"]]
    assert nearest(other, Range(now(), now() + day), {}, {}) == []
    number = berth.number
    commit()
    visitor = visit(MANAGER)
    assert pins_in(visitor.get(OVERVIEW).text)[0] == "Harbour of B, 1 of 2 free"
    assert ">B 1</a>" in visitor.get("/north/berths?now=taken").text
    assert ">B 1</a>" not in visitor.get("/north/berths?now=free").text
    assert "Yuki Okada lies here still" in visitor.get(f"/north/berths/{number}/occupancies/new").text


def test_a_stay_that_was_cancelled_leaves_the_berth_free(visit: Visit) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager, placed_dock())
    stay = stay_tonight(berth)
    stay.cancel(by=manager, reason="Weather")
    commit()
    assert pins_in(visit(VIEWER).get(OVERVIEW).text)[0] == "Harbour of B, 1 of 1 free"


def test_a_harbour_lies_where_it_says_or_amid_its_docks(visit: Visit) -> None:
    harbour = made_harbour()
    for name, latitude in (("A", "60.1"), ("B", "60.3")):
        placed_dock(name, harbour, latitude=latitude)
    commit()
    viewer = visit(VIEWER)
    assert places_in(viewer.get(OVERVIEW).text) == ["60.200000,24.900000", "60.100000,24.900000", "60.300000,24.900000"]
    db.session.get_one(Harbour, harbour.id).update(
        {"latitude": Decimal("60.5"), "longitude": Decimal("25")}, by=enter(MANAGER)
    )
    commit()
    assert places_in(viewer.get(OVERVIEW).text)[0] == "60.500000,25.000000"


def test_without_coordinates_there_is_a_list_and_a_word_about_it(visit: Visit) -> None:
    make_berth(enter(MANAGER))
    commit()
    for who, may_edit in ((MANAGER, True), (VIEWER, False)):
        page = visit(who).get(OVERVIEW).text
        assert "No harbour or dock has coordinates yet" in page
        assert "data-overview" not in page
        assert "no coordinates" in page
        assert ("Enter coordinates" in page) is may_edit


def test_a_port_without_harbours_is_told_where_to_begin(visit: Visit) -> None:
    assert "No harbour yet" in visit(MANAGER).get(OVERVIEW).text


def test_archived_harbours_and_docks_are_not_shown(visit: Visit) -> None:
    manager = enter(MANAGER)
    harbour = made_harbour(latitude=Decimal(60), longitude=Decimal(25))
    placed_dock("A", harbour).archive(by=manager)
    commit()
    page = visit(VIEWER).get(OVERVIEW).text
    assert "No docks yet." in page
    assert places_in(page) == ["60.000000,25.000000"]
    db.session.get_one(Harbour, harbour.id).archive(by=enter(MANAGER))
    commit()
    assert "Long Reach" not in visit(VIEWER).get(OVERVIEW).text


def test_it_takes_two_statements_however_many_docks_there_are(visit: Visit, statements: list[str]) -> None:
    harbour = made_harbour()
    for n in range(12):
        make_berth(enter(MANAGER), placed_dock(f"D{n}", harbour, latitude=f"60.{n}"))
    commit()
    viewer = visit(VIEWER)
    viewer.get(OVERVIEW)
    statements.clear()
    assert len(places_in(viewer.get(OVERVIEW).text)) == 13
    assert len(statements) <= 2


def test_tiles_are_named_with_who_made_them_and_their_origin_alone_is_let_in(
    app: Flask, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed_dock()
    commit()
    viewer = visit(VIEWER)
    bare = viewer.get(OVERVIEW)
    assert "data-tiles" not in bare.text
    assert "img-src 'self' data: blob:;" in bare.headers["Content-Security-Policy"]
    given = {
        "map_tile_url": "https://tiles.example:8443/{z}/{x}/{y}.png?key=1",
        "map_tile_attribution": Credit("© Chart makers", "https://charts.example/terms"),
    }
    monkeypatch.setitem(app.extensions, "settings", app.extensions["settings"].model_copy(update=given))
    page = viewer.get(OVERVIEW)
    assert 'data-tiles="https://tiles.example:8443/{z}/{x}/{y}.png?key=1"' in page.text
    assert '<a href="https://charts.example/terms" rel="noopener noreferrer">© Chart makers</a>' in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "img-src 'self' data: blob: https://tiles.example:8443;" in policy
    assert policy.count("tiles.example") == 1


@pytest.fixture
def air(app: Flask) -> Iterator[PubSub]:
    redis = app.extensions["redis"]
    with redis.pubsub() as subscription:
        subscription.subscribe(channel_of(redis))
        assert subscription.get_message(timeout=2)["type"] == "subscribe"
        yield subscription


def everything(air: PubSub) -> list[tuple[str, str]]:
    """What was said, to which room."""
    found = []
    while message := air.get_message(ignore_subscribe_messages=True, timeout=0.2):
        room, _newline, text = message["data"].decode().removeprefix("say ").partition("\n")
        found.append((room, text))
    return found


def heard(air: PubSub) -> list[str]:
    """What was said to open overview maps."""
    return [text for room, text in everything(air) if room == ROOM]


def test_who_comes_and_goes_and_what_is_repaired_changes_the_harbour_on_open_maps(air: PubSub) -> None:
    manager = enter(MANAGER)
    berth_id = make_berth(manager, placed_dock()).id
    relay()
    heard(air)
    enter(MANAGER)
    stay_tonight(db.session.get_one(Berth, berth_id))
    relay()
    [text] = heard(air)
    assert re.match(r'<hx-partial hx-target="#(overview-harbour-\d+)" hx-swap="outerMorph"><section [^>]*id="\1"', text)
    words = " ".join(re.sub(r"<[^>]+>", "", text).split())
    assert "0 of 1 free" in words
    assert "1 harbour · 1 berth · 0 free today" in words
    manager = enter(MANAGER)
    db.session.get_one(Berth, berth_id).change_status(BerthStatus.SOLD, by=manager, triggered_by="hand")
    relay()
    assert len(heard(air)) == 1


def test_another_place_of_a_dock_or_another_berth_is_looked_at_again(air: PubSub) -> None:
    dock_id = placed_dock().id
    relay()
    heard(air)
    manager = enter(MANAGER)
    db.session.get_one(Dock, dock_id).update({"latitude": Decimal("60.2")}, by=manager)
    relay()
    assert heard(air) == ["refresh #main"]
    manager = enter(MANAGER)
    make_berth(manager, db.session.get_one(Dock, dock_id))
    relay()
    assert heard(air) == ["refresh #main"]


@pytest.mark.parametrize("end", [ChangeSet.note_applied, ChangeSet.note_rolled_back])
def test_berths_from_a_file_are_looked_at_once_they_are_there(air: PubSub, end: Callable[..., object]) -> None:
    """Here, on the plans of harbours, and where figures, days and pages of berths are open: each hears it once."""
    made_harbour()
    relay()
    heard(air)
    for kind, rooms in (("import", 0), ("import_berths", 1)):
        manager = enter(MANAGER)
        found = ChangeSet.begin(kind, "Berths of the city", port_id=NORTH, about_id=None, by=manager)
        db.session.flush()
        end(found, by=manager)
        relay()
        said = everything(air)
        maps = (r":overview$", r":map:narrowed$", r":map:statuses-\d+$", r":map:stays-\d+$")
        for room in (*maps, ":dashboard$", ":calendar$", ":board$", ":berths:many$"):
            assert [text for name, text in said if re.search(room, name)] == ["refresh #main"] * rooms


@pytest.mark.parametrize("kind", ["import_berths", "bulk_berths"])
def test_the_page_of_a_berth_hears_of_many_at_once_and_not_of_each(air: PubSub, visit: Visit, kind: str) -> None:
    manager = enter(MANAGER)
    berth = make_berth(manager)
    number = berth.number
    relay()
    assert [text for room, text in everything(air) if room.endswith(":berths:many")] == []
    found = ChangeSet.begin(kind, "Berths of the city", port_id=NORTH, about_id=None, by=enter(MANAGER))
    db.session.flush()
    found.note_applied(by=enter(MANAGER))
    relay()
    assert [text for room, text in everything(air) if room.endswith(":berths:many")] == ["refresh #main"]
    assert "berths:many" in visit(VIEWER).get(f"/north/berths/{number}").text


@pytest.mark.parametrize(
    ("latitude", "longitude", "kept", "said"),
    [
        ("60,15481", "", "60.154810", "Latitude and longitude go together."),
        ("90.1", "24.9", "90.1", "Between -90 and 90 degrees."),
        ("60.1", "-180,5", "-180,5", "Between -180 and 180 degrees."),
        ("north", "24.9", "north", "Write degrees such as"),
        ("60° 60′ N", "24.9", "60° 60′ N", "Write degrees such as"),
        ("60.5 12", "24.9", "60.5 12", "Write degrees such as"),
        ("60.1", "24 N", "24 N", "Write degrees such as"),
        ("-60 S", "24.9", "-60 S", "Write degrees such as"),
    ],
)
def test_a_dock_that_lies_nowhere_is_refused_and_nothing_typed_is_lost(
    visit: Visit, latitude: str, longitude: str, kept: str, said: str
) -> None:
    number = make_dock(enter(MANAGER)).number
    commit()
    manager = visit(MANAGER)
    form = {**manager.form(f"/north/docks/{number}/edit"), "latitude": latitude, "longitude": longitude}
    answer = manager.put(f"/north/docks/{number}", form)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{kept}"' in answer.text


@pytest.mark.parametrize(
    ("latitude", "longitude", "place"),
    [
        ("60,15481", "-24,9", "60.154810,-24.900000"),
        ("60° 09.289′ N", "24° 54′ 36″ W", "60.154817,-24.910000"),
        ("60 9,289", "24 54 36 e", "60.154817,24.910000"),
        ("18°S", "180", "-18.000000,180.000000"),
    ],
)
def test_a_dock_is_put_on_the_map_by_its_form(visit: Visit, latitude: str, longitude: str, place: str) -> None:
    number = make_dock(enter(MANAGER)).number
    commit()
    manager = visit(MANAGER)
    form = {**manager.form(f"/north/docks/{number}/edit"), "latitude": latitude, "longitude": longitude}
    assert manager.put(f"/north/docks/{number}", form).status_code == 303
    assert places_in(manager.get(OVERVIEW).text) == [place] * 2
