"""The berths that suit an interest, of five thousand, against the statement sent by hand.

One user, one request after the other, in the harbour of the free berths: interests in boats of several sizes, each with
a budget, for a season and for a year, begun on several days; a price list gives every berth a price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from time import perf_counter

from flask import g

from app import formats
from app.clients.models import Client
from app.db import SET_UNIT, commit, db, now, own_engine
from app.interests.models import Interest
from app.interests.recommendations.finding import find
from app.interests.recommendations.wish import Wish
from app.prices.models import PriceList
from bench import availability
from bench.search import ROUNDS, sent_by
from bench.site import MANAGER, Site
from bench.visitors import percentile
from tests.world import NORTH, enter, price_line, user_id

BERTHS = availability.BERTHS
LENGTHS = (6, 9, 12, 18)
DAYS = (120, 365)
BEGUN = (0, 20, 40)
PRICES = "Bench"


@dataclass
class Recommended:
    """Seconds of finding the best berths of an interest with their reasons, and of the statement alone."""

    found: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return percentile(self.found, 95) / percentile(self.raw, 95)


def measure_recommendations(site: Site) -> Recommended:
    """After the free berths, whose harbour it is."""
    availability.fill(site)
    measured = Recommended()
    with site.installation.app.test_request_context("/north/interests"):
        for wish in wishes():
            in_turns(wish, measured)
    return measured


def wishes() -> Sequence[Wish]:
    """Of interests that are not kept; the price list is."""
    by = enter(MANAGER)
    if db.session.query(PriceList).filter_by(name=PRICES).first() is None:
        prices = {"name": PRICES, "currency": "EUR", "valid_from": now().date()}
        bands = [(str(width), str(width + 1), str(150 * width)) for width in range(10)]
        lines = [price_line(above=above, up_to=up_to, amount=amount) for above, up_to, amount in bands]
        PriceList.create(prices, port_id=NORTH, by=by).change_lines(lines, by=by)
        commit()
        by = enter(MANAGER)
    client = db.session.scalars(Client.visible_to(by).order_by(Client.number).limit(1)).one()
    found = []
    with formats.use(by.here()):
        for length in LENGTHS:
            for days in DAYS:
                for ahead in BEGUN:
                    begins = now().date() + timedelta(days=ahead)
                    time = {"wanted_from": begins, "wanted_until": begins + timedelta(days=days)}
                    size = {"loa": Decimal(length), "beam": Decimal(length) / 4, "budget": Decimal(600)}
                    interest = Interest.create(client, {**time, **size, "currency": "EUR"}, by=by)
                    db.session.refresh(interest, ["vessel"])
                    found.append(Wish.of(interest, by.here()))
    db.session.rollback()
    return found


def in_turns(wish: Wish, measured: Recommended) -> None:
    """The application finds them, then its statement is sent by hand; once to warm up, then several times."""
    member = enter(MANAGER)
    g.member, g.port_slug = member, "north"
    formats.put_in_force(member.port)
    [(statement, values)] = sent_by(lambda: find(wish))
    enter(MANAGER)  # what was noted was rolled back
    with own_engine().begin() as connection:
        connection.execute(SET_UNIT, {"port": str(NORTH), "user": str(user_id(MANAGER)), "scope": "staff"})
        for turn in range(ROUNDS + 1):
            began = perf_counter()
            best = find(wish).best
            between = perf_counter()
            rows = connection.exec_driver_sql(statement, values).all()
            ended = perf_counter()
            assert len(best) == len(rows) > 0
            if turn:
                measured.found.append(between - began)
                measured.raw.append(ended - between)
    db.session.rollback()
