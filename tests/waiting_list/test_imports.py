"""The list that a marina keeps on paper comes in by a file: nobody is dated back but by the day that stands in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.changes.models import ChangeItem, ChangeSet
from app.clients.models import Client
from app.db import commit, db
from app.imports.models import Import
from app.vessels.models import Vessel
from app.waiting_list.models import PriorityClass, WaitingEntry, WaitingList
from tests.importing import ADMIN, checked, forget_files, let_in, rows, the_import, verdicts, work_off
from tests.world import Visitor, enter, make_client, make_waiting_list

pytestmark = pytest.mark.usefixtures("db")

IMPORTS = "/north/waiting-lists/imports"


@pytest.fixture
def admin(app: Flask, visit: Callable[[str], Visitor]) -> Visitor:
    """With two clients, of whom one has a vessel, and a list."""
    forget_files(app)
    by = enter(ADMIN)
    aino = make_client(by, full_name="Aino Laine", email="aino@example.com")
    make_client(by, full_name="Eero Niemi", phone="+358 40 5550113")
    Vessel.create(aino, {"name": "Vega"}, by=by)
    make_waiting_list(by, name="Small berths")
    commit()
    return visit(ADMIN)


def brought(admin: Visitor, content: str) -> Import:
    return let_in(admin, checked(admin, content, "paper list.csv", to=IMPORTS))


def line() -> list[tuple[str, str, str]]:
    """Who waits, in their order: the name, the day, and where it is from."""
    enter(ADMIN)
    db.session.expire_all()
    found = db.session.scalars(select(WaitingList)).one().line()
    names = {one.id: one.full_name for one in db.session.scalars(select(Client))}
    return [
        (names[place.entry.client_id], place.entry.requested_at.astimezone(UTC).strftime("%Y"), place.entry.source)
        for place in found
    ]


def test_a_paper_list_comes_in_with_its_days_and_says_where_they_are_from(admin: Visitor) -> None:
    content = (
        "List,Name,E-mail,Boat,Asked on,Place,Notes\n"
        "small berths,Eero Niemi,,,03.05.2019,2,By the crane\n"
        "Small berths,,AINO@example.com,Vega,2019-05-03,1,\n"
    )
    found = brought(admin, content)
    assert (found.status, found.created_count) == ("finished", 2)
    source = "paper list.csv, row {}"
    assert line() == [("Aino Laine", "2019", source.format(3)), ("Eero Niemi", "2019", source.format(2))]
    enter(ADMIN)
    aino, eero = db.session.scalars(select(WaitingEntry).order_by(WaitingEntry.requested_at)).all()
    assert aino.vessel_id == db.session.scalars(select(Vessel.id)).one()
    assert (eero.notes, eero.vessel_id) == ("By the crane", None)
    assert aino.created_at > eero.requested_at  # when it was entered stays what it is
    commit()
    checked(admin, content, "again.csv", to=IMPORTS)
    assert [verdict for verdict, _message in verdicts()] == ["duplicate", "duplicate"]


def test_a_row_says_why_it_cannot_come_in(admin: Visitor) -> None:
    by = enter(ADMIN)
    make_client(by, full_name="Kim Berg", email="kim@example.com")
    make_client(by, full_name="Kim Berg", email="kim@other.example")
    commit()
    url = checked(
        admin,
        "List,Name,E-mail,Boat,Asked on\n"
        "Large berths,Aino Laine,,,2019-05-03\n"
        "Small berths,Nobody Here,,,2019-05-03\n"
        "Small berths,Kim Berg,,,2019-05-03\n"
        "Small berths,Aino Laine,,Nova,2019-05-03\n"
        "Small berths,Aino Laine,,,2199-01-01\n"
        "Small berths,Aino Laine,,,\n"
        ",Aino Laine,,,2019-05-03\n"
        "Total,,,,\n"
        "Small berths,Aino Laine,,,2019-05-03\n"
        "Small berths,AINO LAINE,,,2018-05-03\n"
        "Small berths,Kim Berg,kim@example.com,,2017-05-03\n",
        to=IMPORTS,
    )
    told = [message for _verdict, message in verdicts()]
    for message, words in zip(
        told,
        (
            "There is no waiting list “Large berths”",
            "Nobody Here is no client here",
            "Several clients are meant by Kim Berg",
            "Aino Laine has no vessel Nova",
            "Nobody asked on a day that is still to come",
            "does not say when",
            "does not say for which list",
            "no name in this row",
            "",
            "Same client as row 10",
            "",
        ),
        strict=True,
    ):
        assert message.startswith(words) or words in message
    form = admin.form(f"{url}/rows/5")
    assert admin.put(f"{url}/rows/5", {**form, "vessel": "Vega"}).status_code == 303
    assert rows()[5].verdict == "new"
    assert let_in(admin, url).created_count == 3


def test_undoing_takes_off_who_came_in_unless_something_happened_since(admin: Visitor) -> None:
    brought(admin, "Name,Asked on\nAino Laine,2019-05-03\nEero Niemi,2018-05-03\n")
    by = enter(ADMIN)
    entry = db.session.scalars(select(WaitingEntry).order_by(WaitingEntry.requested_at).limit(1)).one()
    entry.place(PriorityClass.RESIDENT, by=by, reason="Lives on the quay")
    commit()
    changes = the_import().change_set()
    assert changes is not None
    commit()
    assert admin.post(f"/north/changes/{changes.number}/roll-back").status_code == 303
    work_off()
    enter(ADMIN)
    found = db.session.scalars(select(ChangeSet)).one()
    assert (found.status, found.put_back, found.kept) == ("rolled_back", 1, 1)
    assert [name for name, _year, _source in line()] == ["Eero Niemi"]
    assert db.session.scalars(select(ChangeItem.reason).where(ChangeItem.reason != "")).one().startswith("changed")


def test_somebody_put_them_on_the_list_meanwhile(admin: Visitor) -> None:
    url = checked(admin, "Name,Asked on\nAino Laine,2019-05-03\n", to=IMPORTS)
    by = enter(ADMIN)
    aino = db.session.scalars(select(Client).where(Client.full_name == "Aino Laine")).one()
    WaitingEntry.enter(db.session.scalars(select(WaitingList)).one(), aino, by=by)
    commit()
    found = let_in(admin, url)
    assert (found.created_count, found.duplicate_count) == (0, 1)
    assert rows()[2].message == "Aino Laine is on this list already."
    assert db.session.scalar(select(func.count()).select_from(WaitingEntry)) == 1


def test_an_import_announces_itself_once(admin: Visitor, relayed: Callable[[], list[str]]) -> None:
    url = checked(admin, "Name,Asked on\nAino Laine,2019-05-03\nEero Niemi,2018-05-03\n", to=IMPORTS)
    relayed()
    let_in(admin, url)
    assert relayed() == ["import:started", "import:finished"]
