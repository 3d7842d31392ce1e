"""An import and somebody who takes, while its rows are being written, what one of them was about to have."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select

from app.db import commit, db
from app.dev.processes import wait_until
from app.imports.models import Import, ImportRow
from app.vessels.models import Vessel
from tests.importing import send_file, work_off
from tests.servers import Installation
from tests.waiting import Beside
from tests.world import Visitor, enter, make_client

ADMIN = "port_admin@north.example"
MMSI, IMO = "230012340", "9074729"
HEAD = "Name,E-mail,Vessel name,MMSI,IMO,Note\n"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def inside(committed: Installation) -> Iterator[Flask]:
    yield committed.app
    with committed.database.connect() as connection:
        connection.execute(
            "TRUNCATE once_keys, clients, change_sets, imports, outbox, events, subject_keys, jobs CASCADE"
        )
    committed.redis.flushdb()


def in_the_worker(app: Flask) -> int:
    with app.app_context():
        return work_off()


def take(app: Flask, **mark: str) -> None:
    with app.app_context():
        by = enter(ADMIN)
        Vessel.create(make_client(by), {"name": "Kestrel", "kind": "motor", **mark}, by=by)
        commit()


@pytest.mark.parametrize("mark", [{"mmsi": MMSI}, {"imo": IMO}])
def test_a_number_taken_while_the_rows_are_written_turns_that_row_away(
    committed: Installation, inside: Flask, mark: dict[str, str]
) -> None:
    with inside.app_context():
        admin = Visitor.of(inside, ADMIN)
    vega = f"Rui Sousa,rui@example.com,Vega,{mark.get('mmsi', '')},{mark.get('imo', '')},"
    content = f"{HEAD}{vega}\nEero Niemi,eero@example.com,Nova,,,Calls on Mondays\n"
    url = send_file(admin, content.encode()).headers["Location"]
    assert in_the_worker(inside) == 1
    assert admin.post(f"{url}/run").status_code == 303
    # Rows were looked at before the first of them is written, and notes are written before vessels.
    with psycopg.connect(committed.database.url("postgres")) as holding:
        holding.execute("LOCK TABLE client_notes IN ACCESS EXCLUSIVE MODE")
        importing = Beside(lambda: in_the_worker(inside))
        with committed.database.connect() as looking:
            assert wait_until(lambda: looking.execute(WAITING).fetchone() == (1,), seconds=15)
        take(inside, **mark)
        holding.rollback()
    assert importing.answer() == 1
    with inside.app_context():
        enter(ADMIN)
        found = db.session.scalars(select(Import)).one()
        rows = list(db.session.scalars(select(ImportRow).order_by(ImportRow.row_number)))
        assert (found.status, found.created_count) == ("finished", 1)
        assert [(row.verdict, row.outcome) for row in rows] == [("duplicate", ""), ("new", "created")]
        assert "is that of Kestrel, a vessel of Léa Marchand" in rows[0].message
        assert sorted(db.session.scalars(select(Vessel.name))) == ["Kestrel", "Nova"]
        assert found.change_set() is not None
        commit()
