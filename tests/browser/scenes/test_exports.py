"""Handing out clients: the form, and a file on its way in each state."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from playwright.sync_api import Page

from app import storage
from app.tables.writing import XLSX_TYPE
from tests.browser.judged import Judged
from tests.browser.pages import ADMIN, CLIENTS, MANAGER
from tests.browser.stage import Scene, Stage, at

EXPORTS = f"{CLIENTS}/exports"
# state → (status, done, days since it was made)
STATES = {
    "waiting": ("running", 0, 0),
    "running": ("running", 41_500, 0),
    "ready": ("finished", 130_254, 1),
    "removed": ("finished", 130_254, 5),
    "stopped": ("stopped", 41_500, 2),
    "failed": ("failed", 0, 3),
}


@pytest.fixture(scope="module")
def stage(stage: Stage) -> Stage:
    """One in each state, as it would stand at that moment."""
    moment = datetime.now(UTC)
    with stage.site.database.connect() as connection:
        for number, (status, done, days) in enumerate(STATES.values(), start=1):
            is_finished, then = status == "finished", moment - timedelta(days=days)
            key = f"port-nimara/general/exports/{uuid.uuid4()}.xlsx" if is_finished else ""
            if is_finished:
                with stage.site.app.app_context():
                    storage.put(BytesIO(b"PK"), key, XLSX_TYPE)
            connection.execute(
                "INSERT INTO exports (id, port_id, number, resource, format, extent, status, chosen, sort, descending,"
                " columns, only_own, total, done, storage_key, size, finished_at, created_by_id, created_at,"
                " updated_at)"
                " SELECT %s, ports.id, %s, 'clients', 'xlsx', 'all', %s, '{}', 'name', false, '{}', false, 130254, %s,"
                " %s, %s, %s, users.id, %s, %s FROM ports, users WHERE slug = 'port-nimara' AND email = %s",
                (
                    uuid.uuid4(),
                    number,
                    status,
                    done,
                    key,
                    18_400_000 if is_finished else 0,
                    then if is_finished else None,
                    then,
                    then,
                    MANAGER,
                ),
            )
    return stage


def export_that_is(state: str) -> Callable[[Stage, Page], None]:
    return at(f"{EXPORTS}/{list(STATES).index(state) + 1}")


class TestPages(Judged):
    scenes = (
        Scene("export", ADMIN, at(f"{EXPORTS}/new")),
        Scene("export, with files made before", MANAGER, at(f"{EXPORTS}/new?list=status%3Dactive")),
        Scene("export, nobody", ADMIN, at(f"{EXPORTS}/new?number=999999")),
        Scene("export, waiting", MANAGER, export_that_is("waiting")),
        Scene("export, running", MANAGER, export_that_is("running")),
        Scene("export, ready", MANAGER, export_that_is("ready")),
        Scene("export, removed", MANAGER, export_that_is("removed")),
        Scene("export, stopped", MANAGER, export_that_is("stopped")),
        Scene("export, failed", MANAGER, export_that_is("failed")),
    )
