"""A tag put on a hundred thousand clients at once, against one UPDATE of the same rows; and the list beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from app.bulk_edits.editing import apply_bulk_edit
from app.bulk_edits.kinds import KINDS, BulkAct
from app.bulk_edits.models import BulkEdit
from app.db import commit
from app.tags.models import Tag
from bench.site import MANAGER, Site
from bench.visitors import WARM_UP, Connection, percentile, spread
from tests.world import NORTH, enter, user_id

LIST = "/north/clients"
ALONE = 8.0  # seconds for which the list is asked for with nothing beside it
PAUSE = 0.1  # between an answer and the next question of the same person
# In a harbour of a million, 104,000.
MEANT = {"owner": str(user_id("director@north.example")), "kind": "person"}
THOSE = "port_id = %(port)s AND owner_id = %(owner)s AND kind = %(kind)s AND archived_at IS NULL"


@dataclass(frozen=True)
class BulkResult:
    """Seconds; of the list each answer, alone and while the tag is put on."""

    rows: int
    tagged: float
    updated: float
    alone: list[float]
    meanwhile: list[float]

    @property
    def ratio(self) -> float:
        return self.tagged / self.updated

    @property
    def slower(self) -> float:
        return percentile(self.meanwhile, 95) / percentile(self.alone, 95)


def measure_bulk(site: Site, workers: int) -> BulkResult:
    """With web, relay and worker running."""
    with site.connect() as connection:
        rows, updated = one_update(connection)
        connection.execute("VACUUM (ANALYZE) clients")
        ends = time.monotonic() + ALONE
        alone = asyncio.run(asked_for(site, workers, until=lambda: time.monotonic() > ends))
        with site.installation.app.app_context():
            number = begin(rows)
        began = time.monotonic()
        meanwhile = asyncio.run(asked_for(site, workers, until=lambda: is_over(connection, number)))
        tagged = time.monotonic() - began
        done = connection.execute("SELECT total FROM change_sets WHERE number = %s", (number,)).fetchone()
        assert done == (rows,), done
        clean_up(connection)
    return BulkResult(rows, tagged, updated, alone, meanwhile)


def one_update(connection: psycopg.Connection) -> tuple[int, float]:
    """How many rows, and the seconds: as every change of a client does, it writes version and stamp."""
    began = time.monotonic()
    done = connection.execute(
        f"UPDATE clients SET updated_at = now(), version = version + 1 WHERE {THOSE}", {"port": NORTH, **MEANT}
    )
    return done.rowcount, time.monotonic() - began


def begin(rows: int) -> int:
    """The number of the change set."""
    by = enter(MANAGER)
    tag = Tag.create("Regatta", "teal", port_id=NORTH, by=by)
    chosen = {"archived": "", "status": "", "source": "", **MEANT}
    _edit, changes = BulkEdit.begin(
        KINDS["clients"],
        BulkAct.TAG,
        {},
        change="bulk_edit",
        title="Tag: Regatta",
        expected=rows,
        chosen=chosen,
        record_ids=None,
        tag_id=tag.id,
        by=by,
    )
    number = changes.number
    apply_bulk_edit.later(change_set_id=changes.id, user_id=by.id)
    commit()
    return number


def is_over(connection: psycopg.Connection, number: int) -> bool:
    found = connection.execute("SELECT status FROM change_sets WHERE number = %s", (number,)).fetchone()
    return found == ("applied",)


async def asked_for(site: Site, workers: int, *, until: Callable[[], bool]) -> list[float]:
    """The first page of the list, by as many people as there are web processes, each after a moment's thought."""
    seconds: list[float] = []
    connections = await spread(site.url, site.tokens([MANAGER] * workers), workers)

    async def ask(connection: Connection) -> None:
        for _ in range(WARM_UP):
            await connection.get(LIST)
        while not until():
            answer = await connection.get(LIST)
            assert answer.status == 200
            seconds.append(answer.seconds)
            await asyncio.sleep(PAUSE)

    await asyncio.gather(*(ask(connection) for connection in connections))
    return seconds


def clean_up(connection: psycopg.Connection) -> None:
    """So that the next run finds the same harbour."""
    for statement in (
        "CREATE TEMPORARY TABLE tagged AS SELECT client_id FROM client_tags",
        "DELETE FROM events WHERE name = 'client:tagged'",
        "DELETE FROM subject_keys WHERE subject_id IN (SELECT client_id FROM tagged)",
        "DELETE FROM change_sets",
        "DELETE FROM client_tags",
        "DELETE FROM bulk_edits",
        "DELETE FROM tags",
        "DROP TABLE tagged",
    ):
        connection.execute(statement)
