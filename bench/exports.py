"""A hundred thousand clients written to a file with all there is of them, against a bare COPY of the same rows."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psycopg

from app import storage
from app.db import commit
from app.exports.exporting import run_export
from app.exports.kinds import KINDS
from app.exports.models import Export
from bench.bulk import MEANT, THOSE
from bench.imports import largest
from bench.site import MANAGER, Site
from tests.servers import Running
from tests.world import NORTH, enter

ASKED = {"extent": "all", "sort": "name", "descending": False, "columns": []}
LONGEST = 300  # seconds


@dataclass(frozen=True)
class ExportResult:
    """Seconds, and bytes at the highest: the child of the worker that writes."""

    rows: int
    as_csv: float
    as_workbook: float
    copied: float
    peak: int

    @property
    def ratio(self) -> float:
        return self.as_csv / self.copied


def measure_export(site: Site, worker: Running) -> ExportResult:
    """With relay and worker running."""
    peak = [0]
    with site.connect() as connection:
        copied = copy(connection)
        rows, as_csv = written(site, connection, worker, "csv", peak)
        _rows, as_workbook = written(site, connection, worker, "xlsx", peak)
        connection.execute("DELETE FROM exports WHERE port_id = %s", (NORTH,))
    return ExportResult(rows, as_csv, as_workbook, copied, peak[0])


def written(
    site: Site, connection: psycopg.Connection, worker: Running, kind: str, peak: list[int]
) -> tuple[int, float]:
    """How many clients, and the seconds from the click to the file in the storage."""
    with site.installation.app.app_context():
        chosen = {"archived": "", "status": "", "source": "", **MEANT}
        found = Export.start(
            KINDS["clients"], {**ASKED, "format": kind, "chosen": chosen}, record_ids=None, total=0, by=enter(MANAGER)
        )
        run_export.later(export_id=found.id)
        number = found.number
        commit()
        began = time.monotonic()
        key = until_finished(connection, number, worker, peak)
        took = time.monotonic() - began
        storage.delete(key)
    row = connection.execute("SELECT total FROM exports WHERE port_id = %s AND number = %s", (NORTH, number)).fetchone()
    assert row is not None
    return row[0], took


def until_finished(connection: psycopg.Connection, number: int, worker: Running, peak: list[int]) -> str:
    """Where the file lies."""
    ends = time.monotonic() + LONGEST
    while time.monotonic() < ends:
        peak[0] = max(peak[0], largest(worker))
        row = connection.execute(
            "SELECT status, storage_key FROM exports WHERE port_id = %s AND number = %s", (NORTH, number)
        ).fetchone()
        assert row is not None
        if row[0] != "running":
            assert row[0] == "finished", row[0]
            return str(row[1])
        time.sleep(0.05)
    raise AssertionError("the export is not over")


def copy(connection: psycopg.Connection) -> float:
    """The same clients and their contacts out of the tables, and nothing else."""
    these = f"SELECT id FROM clients WHERE {THOSE}"  # as the bulk edit means them
    began = time.monotonic()
    for query in (
        f"SELECT * FROM clients WHERE {THOSE} ORDER BY sort_name, id",
        f"SELECT * FROM client_contacts WHERE archived_at IS NULL AND client_id IN ({these})",
    ):
        with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT", {"port": NORTH, **MEANT}) as out:
            for _piece in out:
                pass
    return time.monotonic() - began
