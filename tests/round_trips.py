"""What goes out and comes back: an export as a file, read as an import of a port, without a browser."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from app import storage
from app.db import commit, db
from app.imports.jobs import check_import, run_import
from app.imports.models import Import, ImportRow, ImportStatus
from tests.importing import work_off
from tests.world import NORTH, SOUTH, enter

ADMINS = {"north": "port_admin@north.example", "south": "port_admin@south.example"}
PORTS = {"north": NORTH, "south": SOUTH}


def read(kind: str, content: bytes, slug: str, form: str = "csv") -> Import:
    """The file as an import of the port, every row with its verdict."""
    by = enter(ADMINS[slug], slug)
    key = f"{slug}/general/imports/{uuid.uuid4()}.{form}"
    storage.put(io.BytesIO(content), key, "application/octet-stream")
    found = Import.create(kind, filename=f"{kind}.{form}", storage_key=key, by=by)
    check_import.later(import_id=found.id)
    commit()
    work_off(PORTS[slug])
    enter(ADMINS[slug], slug)
    db.session.expire_all()
    return db.session.scalars(select(Import).where(Import.storage_key == key)).one()


def let_in(found: Import, slug: str) -> None:
    assert found.start(by=enter(ADMINS[slug], slug))
    run_import.later(import_id=found.id)
    commit()
    work_off(PORTS[slug])


def rows_in(found: Import) -> list[tuple[str, str, Any]]:
    rows = select(ImportRow).where(ImportRow.import_id == found.id).order_by(ImportRow.row_number)
    return [(row.verdict, row.message, row.differences) for row in db.session.scalars(rows)]


def unchanged(found: Import) -> int:
    """How many rows there are, none of which would change anything."""
    assert found.status == ImportStatus.PREVIEW, (found.status, found.error, found.columns)
    rows = rows_in(found)
    assert [row for row in rows if row[0] != "duplicate" or "nothing differs" not in row[1]] == []
    return len(rows)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written is not there afterwards, so that each example begins alike."""
    connection: Any = db.engine
    with connection.begin_nested() as savepoint:
        yield
        db.session.remove()
        savepoint.rollback()
