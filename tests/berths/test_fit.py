"""Whether a vessel fits on a berth, by how much, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from app.berths.models import fit

pytestmark = pytest.mark.usefixtures("db")
D = Decimal


LENGTH, WIDTH, DEPTH = D(15), D("4.50"), D("2.80")


@dataclass(frozen=True)
class Place:
    min_loa: Decimal | None = None
    max_loa: Decimal | None = LENGTH
    max_beam: Decimal | None = WIDTH
    depth: Decimal | None = DEPTH
    max_height: Decimal | None = None


SIROCCO = {"loa": D("14.02"), "beam": D("4.10"), "draft": D("2.10"), "air_draft": D("19.30")}


def test_what_is_left_of_each_dimension() -> None:
    found = fit(SIROCCO, Place())
    assert found.fits
    assert [margin.spare for margin in found.margins] == [D("0.98"), D("0.40"), D("0.70"), None]
    assert found.spare == D("0.40")
    assert found.reasons == []


@pytest.mark.parametrize(
    ("vessel", "reason"),
    [
        ({"beam": D("4.62")}, "beam 4.62 m, berth 4.50 m: 12 cm too wide"),
        ({"loa": D("15.01")}, "length 15.01 m, berth 15.00 m: 1 cm too long"),
        ({"draft": D(3)}, "draft 3.00 m, depth 2.80 m: 20 cm too deep"),
    ],
)
def test_why_it_does_not_fit(vessel: dict[str, Decimal], reason: str) -> None:
    found = fit({**SIROCCO, **vessel}, Place())
    assert not found.fits
    assert found.reasons == [reason]


def test_a_mast_below_a_bridge() -> None:
    found = fit(SIROCCO, Place(max_height=D(19)))
    assert found.reasons == ["air draft 19.30 m, height 19.00 m: 30 cm too high"]


def test_what_has_to_stay_free_counts_and_is_said() -> None:
    assert fit(SIROCCO, Place(), {"beam": D("0.40")}).fits
    found = fit(SIROCCO, Place(), {"beam": D("0.41"), "draft": D("0.30")})
    assert found.reasons == ["beam 4.10 m, berth 4.50 m: 1 cm too wide (with 0.41 m to spare)"]


def test_exactly_as_large_fits_and_what_nobody_knows_keeps_nobody_away() -> None:
    assert fit({"loa": D(15), "beam": D("4.5"), "draft": D("2.8")}, Place()).fits
    assert fit({"loa": D(15), "beam": None}, Place(max_beam=D(1), depth=None)).fits
    assert fit({}, Place()).spare is None


def test_a_boat_that_is_too_small_for_a_large_berth() -> None:
    found = fit({"loa": D(8)}, Place(min_loa=D(9)))
    assert found.reasons == ["length 8.00 m, berth for 9.00 m and more"]
    assert fit({"loa": D(9)}, Place(min_loa=D(9))).fits
