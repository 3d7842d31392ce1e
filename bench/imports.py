"""A file of new clients from upload to the last row committed, against a bare COPY of the same rows."""

from __future__ import annotations

import io
import time
import uuid
from dataclasses import dataclass

import psutil
import psycopg

from app import storage
from app.db import commit, db
from app.imports.jobs import check_import, run_import
from app.imports.models import Import
from bench.site import Site
from tests.servers import Running
from tests.world import NORTH, enter

ADMIN = "port_admin@north.example"


@dataclass(frozen=True)
class ImportResult:
    """Seconds, and bytes at the highest: the worker with its children."""

    rows: int
    checked: float
    committed: float
    copied: float
    peak: int

    @property
    def ratio(self) -> float:
        return (self.checked + self.committed) / self.copied


def contacts_file(rows: int) -> bytes:
    lines = (
        f"Guest {at:06d},Berth,guest.{at:06d}@import.example,+35840{5000000 + at},Hanko,FI,Satamakatu {at % 90}\n"
        for at in range(rows)
    )
    return "".join(["First name,Last name,E-mail,Phone,Town,Country,Street\n", *lines]).encode()


def measure_import(site: Site, worker: Running, *, rows: int) -> ImportResult:
    """With relay and worker running."""
    content, peak = contacts_file(rows), [0]
    with site.connect() as connection, site.installation.app.app_context():
        begun = connection.execute("SELECT coalesce(max(created_at), 'epoch') FROM clients").fetchone()
        assert begun is not None
        by = enter(ADMIN)
        key = f"north/general/imports/{uuid.uuid4()}.csv"
        storage.put(io.BytesIO(content), key, "text/csv")
        found = Import.create("clients", filename="contacts.csv", storage_key=key, by=by)
        check_import.later(import_id=found.id)
        number = found.number
        commit()
        checked = until(connection, number, "preview", worker, peak)
        enter(ADMIN)
        db.session.expire_all()
        again = db.session.query(Import).filter_by(number=number).one()
        assert again.start(by=by)
        run_import.later(import_id=again.id)
        commit()
        committed = until(connection, number, "finished", worker, peak)
        copied = copy(connection, number)
        clean_up(connection, number)
    return ImportResult(rows, checked, committed, copied, peak[0])


def until(connection: psycopg.Connection, number: int, status: str, worker: Running, peak: list[int]) -> float:
    began = time.monotonic()
    while True:
        row = connection.execute(
            "SELECT status, error FROM imports WHERE port_id = %s AND number = %s", (NORTH, number)
        ).fetchone()
        assert row is not None
        assert row[0] != "failed", row[1]
        peak[0] = max(peak[0], largest(worker))
        if row[0] == status:
            return time.monotonic() - began
        time.sleep(0.05)


def largest(worker: Running) -> int:
    """The one process that does the import."""
    return max((one.memory_info().rss for one in psutil.Process(worker.pid).children(recursive=True)), default=0)


OF_THE_IMPORT = (
    "SELECT client_id FROM import_rows r JOIN imports i ON i.id = r.import_id"
    " WHERE i.port_id = %s AND i.number = %s AND r.outcome = 'created'"
)


def copy(connection: psycopg.Connection, number: int) -> float:
    """The same clients and contacts into tables with the same indexes, by two COPY and nothing else."""
    seconds = 0.0
    for table, column in (("clients", "id"), ("client_contacts", "client_id")):
        rows: list[bytes] = []
        query = f"COPY (SELECT * FROM {table} WHERE {column} IN ({OF_THE_IMPORT})) TO STDOUT"
        with connection.cursor() as cursor, cursor.copy(query, (NORTH, number)) as out:
            rows.extend(bytes(piece) for piece in out)
        connection.execute(f"CREATE UNLOGGED TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
        connection.execute(f"ALTER TABLE bare_{table} SET LOGGED")
        began = time.monotonic()
        with connection.cursor() as cursor, cursor.copy(f"COPY bare_{table} FROM STDIN") as into:
            into.write(b"".join(rows))
        seconds += time.monotonic() - began
        connection.execute(f"DROP TABLE bare_{table}")
    return seconds


def clean_up(connection: psycopg.Connection, number: int) -> None:
    """Take away what came in, so that the next run finds the same harbour."""
    place = (NORTH, number)
    connection.execute(f"CREATE TEMPORARY TABLE came_in AS {OF_THE_IMPORT}", place)
    connection.execute("DELETE FROM events WHERE subject_id IN (SELECT client_id FROM came_in)")
    connection.execute("DELETE FROM subject_keys WHERE subject_id IN (SELECT client_id FROM came_in)")
    connection.execute("DELETE FROM change_sets WHERE port_id = %s", (NORTH,))
    connection.execute("DELETE FROM imports WHERE port_id = %s AND number = %s", place)
    connection.execute("DELETE FROM clients WHERE id IN (SELECT client_id FROM came_in)")
    connection.execute("DROP TABLE came_in")
