"""Vessels among what is found, and their owners in the list of clients."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, g

from app.clients.models.finding import search
from app.db import commit, db
from app.vessels.finding import find_vessels
from tests.world import Visitor, enter, make_client, make_vessel, user_id

pytestmark = pytest.mark.usefixtures("db")

MANAGER = "sales_manager@north.example"


@pytest.mark.parametrize("asked", ["Belle Étoile", "etoile", "etiole", "bel et", "FR-TL 4412", "4412", "227006789"])
def test_a_vessel_and_its_owner_are_found(app: Flask, asked: str) -> None:
    by = enter(MANAGER)
    owner = make_client(by, full_name="Léa Marchand")
    make_vessel(by, owner, name="Belle Étoile", registration="FR-TL 4412", mmsi="227006789")
    make_vessel(by, make_client(by, full_name="Heikki Koskinen"), name="Merituuli")
    db.session.flush()
    with app.test_request_context("/north/search"):
        g.member, g.port_slug = by, "north"
        [hit] = find_vessels(by, asked, 5)
    assert (hit.label, hit.meta) == ("Belle Étoile", "Léa Marchand")
    hits = search(by, asked, 5)
    found = db.session.execute(hits.select()).all()
    assert [(row.client_id, row.why) for row in found] == [(owner.id, "Belle Étoile")] or asked == "etiole"


def test_what_was_sold_or_archived_is_not_found_with_who_had_it(app: Flask) -> None:
    by = enter(MANAGER)
    vessel = make_vessel(by, make_client(by, full_name="Léa Marchand"), name="Sirocco")
    db.session.flush()
    assert db.session.execute(search(by, "sirocco", 5).select()).all()
    vessel.archive(by=by)
    db.session.flush()
    assert not db.session.execute(search(by, "sirocco", 5).select()).all()
    with app.test_request_context("/north/search"):
        assert find_vessels(by, "sirocco", 5) == []


def test_who_sees_their_own_finds_the_vessels_of_those(visit: Callable[[str], Visitor]) -> None:
    by = enter(MANAGER)
    for name, owner in (("Sirocco I", "operator@north.example"), ("Sirocco II", MANAGER)):
        make_vessel(by, make_client(by, full_name=f"Owner of {name}", owner_id=user_id(owner)), name=name)
    commit()
    page = visit("operator@north.example").get("/north/search?q=sirocco").text
    assert "Owner of Sirocco I<" in page.replace("<mark>", "").replace("</mark>", "")
    assert "Owner of Sirocco II" not in page.replace("<mark>", "").replace("</mark>", "")
