"""The two jobs of an import: look at every row of the file, then let the good ones in. Both resume after a kill."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from .. import formats, storage
from ..db import begin, db, rollback
from ..events.models import Actor, System
from ..identity.models import User, current_port_of
from ..jobs import Steps, job
from .contact_file import ContactFile, NotAContactFile, read_contacts, read_row
from .models import Client, Contact, Import, ImportRow, ImportStatus, Note, Verdict
from .reactions import show_progress

CHECKED_AT_ONCE = 100
# Few, since whoever asks to stop waits for the rows in hand.
LET_IN_AT_ONCE = 25


@dataclass(frozen=True)
class Importer:
    """Acts for the person who sent the file; as the system once that person has left the port."""

    actor_kind: str
    actor_id: uuid.UUID | None
    name: str

    @classmethod
    def of(cls, found: Import) -> Actor:
        user = db.session.get(User, found.created_by_id) if found.created_by_id else None
        return cls("user", user.id, user.name) if user else System()


def fail_import(import_id: uuid.UUID, error: str) -> None:
    """The job was given up: say so on the page, with nothing half done left running."""
    found = _locked(import_id)
    if found is not None and found.is_under_way:
        with formats.use(current_port_of(found.port_id)):
            text = _("Something broke on our side; it has been logged. What is in stays in: send the file again.")
        found.note_failed(text, by=System())


def _locked(import_id: uuid.UUID) -> Import | None:
    return db.session.scalars(select(Import).where(Import.id == import_id).with_for_update()).one_or_none()


def _tell(steps: Steps, import_id: uuid.UUID) -> None:
    """Show the new state to whoever watches, now that it is committed."""
    begin(port_id=steps.port_id, scope="staff")
    show_progress(import_id)
    rollback()


# --- Looking ------------------------------------------------------------------------------------------------------


@job(queue="import", in_steps=True, failed=fail_import)
def check_import(steps: Steps, import_id: uuid.UUID) -> None:
    """Give every row of the file its verdict."""
    with steps.step():
        found = _locked(import_id)
        if found is None or found.status != ImportStatus.CHECKING:
            return
        port, key = current_port_of(found.port_id), found.storage_key
    with storage.open(key) as stream:
        content = stream.read()
    with formats.use(port):
        try:
            _check_rows(steps, import_id, read_contacts(content), port.country)
            status, error = ImportStatus.PREVIEW, ""
        except NotAContactFile as refused:
            status, error = ImportStatus.FAILED, str(refused)
    with steps.step():
        found = _locked(import_id)
        if found is not None and status == ImportStatus.PREVIEW:
            found.note_checked(by=Importer.of(found))
        elif found is not None:
            found.note_failed(error, by=Importer.of(found))
    _tell(steps, import_id)


def _check_rows(steps: Steps, import_id: uuid.UUID, file: ContactFile, country: str) -> None:
    seen: dict[str, int] = {}
    for start in range(0, len(file.rows), CHECKED_AT_ONCE):
        rows = file.rows[start : start + CHECKED_AT_ONCE]
        batch = [_judged(file, number, cells, country, seen) for number, cells in rows]
        if start < steps.done:  # before a kill; judged again only for what was seen
            continue
        with steps.step():
            found = _locked(import_id)
            if found is None:
                return
            _keep_verdicts(found, batch, file)
            steps.advance(len(batch), total=len(file.rows))
        _tell(steps, import_id)


def _judged(file: ContactFile, number: int, cells: list[str], country: str, seen: dict[str, int]) -> dict[str, Any]:
    """A row with its verdict, as far as the file alone tells. `seen`: normalised contact → row."""
    named, problem = read_row(file, cells, country=country)
    row = {"row_number": number, "source": cells, "fields": named, "message": problem}
    if problem:
        return {**row, "verdict": Verdict.WRONG}
    for contact in named["contacts"]:
        if first := seen.get(contact["normalised"]):
            text = _("%(value)s stands in row %(row)d already; that row is used.", value=contact["value"], row=first)
            return {**row, "verdict": Verdict.DUPLICATE, "message": text}
    seen.update((contact["normalised"], number) for contact in named["contacts"])
    return {**row, "verdict": Verdict.NEW}


def _keep_verdicts(found: Import, batch: Sequence[dict[str, Any]], file: ContactFile) -> None:
    known = _known([row["fields"] for row in batch if row["verdict"] == Verdict.NEW])
    for row in batch:
        if row["verdict"] == Verdict.NEW and (message := _taken(row["fields"], known)):
            row |= {"verdict": Verdict.DUPLICATE, "message": message}
        row |= {"id": uuid7(), "port_id": found.port_id, "import_id": found.id}
    db.session.execute(insert(ImportRow), list(batch))
    found.mapping, found.total = file.mapping, len(file.rows)
    found.done += len(batch)
    for verdict in Verdict:
        found.count(verdict, sum(row["verdict"] == verdict for row in batch))


def _known(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Those of the rows' contacts that the port has already: normalised value → name of the client."""
    values = [contact["normalised"] for fields in rows for contact in fields["contacts"]]
    found = db.session.execute(
        select(Contact.normalised, Client.full_name)
        .join(Client, (Client.port_id == Contact.port_id) & (Client.id == Contact.client_id))
        .where(Contact.normalised.in_(values), Contact.archived_at.is_(None))
    )
    return {row.normalised: row.full_name for row in found}


def _taken(fields: dict[str, Any], known: dict[str, str]) -> str:
    """Why the row is a duplicate; empty when it is none."""
    for contact in fields["contacts"]:
        if name := known.get(contact["normalised"]):
            return _("%(value)s belongs to %(name)s already.", value=contact["value"], name=name)
    return ""


# --- Letting in ---------------------------------------------------------------------------------------------------


@job(queue="import", in_steps=True, failed=fail_import)
def run_import(steps: Steps, import_id: uuid.UUID) -> None:
    """Let the new rows in, some at a time, until they are in or somebody stops it."""
    while _let_some_in(steps, import_id):
        _tell(steps, import_id)


def _let_some_in(steps: Steps, import_id: uuid.UUID) -> bool:
    """One step; whether there may be more to do."""
    with steps.step():
        found = _locked(import_id)
        if found is None or found.status not in (ImportStatus.RUNNING, ImportStatus.STOPPING):
            return False
        port, importer, rows = current_port_of(found.port_id), Importer.of(found), _waiting(found)
        if found.status == ImportStatus.STOPPING:
            found.note_stopped(by=importer)
        elif not rows:
            found.note_finished(by=importer)
        else:
            with formats.use(port):
                for row in _still_new(found, rows):
                    row.client_id = _let_in(row, port.country, importer).id
                    found.created_count += 1
                    found.done += 1
        steps.advance(found.done - steps.done, total=found.new_count)
        return found.is_under_way


def _waiting(found: Import) -> Sequence[ImportRow]:
    return db.session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == found.id, ImportRow.verdict == Verdict.NEW, ImportRow.client_id.is_(None))
        .order_by(ImportRow.row_number)
        .limit(LET_IN_AT_ONCE)
    ).all()


def _still_new(found: Import, rows: Sequence[ImportRow]) -> list[ImportRow]:
    """Those that nobody entered since the file was checked; the others become duplicates."""
    known, new = _known([row.fields for row in rows]), []
    for row in rows:
        if message := _taken(row.fields, known):
            row.verdict, row.message = Verdict.DUPLICATE, message
            found.count(Verdict.NEW, -1)
            found.count(Verdict.DUPLICATE, 1)
        else:
            new.append(row)
    return new


def _let_in(row: ImportRow, country: str, by: Actor) -> Client:
    fields = {name: row.fields[name] for name in Client.EDITABLE if name in row.fields}
    client = Client.create(fields, port_id=row.port_id, by=by, announce=False)
    kinds: set[str] = set()
    for contact in row.fields["contacts"]:
        Contact.create(
            client,
            {**contact, "is_primary": contact["kind"] not in kinds},
            country=client.country or country,
            by=by,
            announce=False,
            is_new=True,
        )
        kinds.add(contact["kind"])
    if note := row.fields.get("note"):
        Note.create(client, note, by=by, announce=False)
    return client
