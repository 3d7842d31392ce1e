"""What is not kept for ever: what an erasure leaves to a job, and before-images nobody can use any more."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, text

from ... import formats
from ...db import db, now
from ...events.models import Event, System, keyring
from ...files.jobs import remove_loose
from ...identity.models import current_port_of
from ...imports.models import Import, ImportStatus
from ...jobs import Steps, job
from ...mail.letters import Letter, place_of
from ...notifications.reactions import details_of
from ...search.forgetting import forget_words
from ..models import Archive, Client
from ..models.merge import UNDONE_WITHIN

AT_ONCE = 500

UNSENT = text("SELECT id, sealed FROM unsent_mails()")
WITHDRAW = text("SELECT withdraw_mail(:id)")
MERGES = text(r"""
    UPDATE client_merge_log SET sealed = '\x', sealed_survivor = '\x' WHERE id IN (
        SELECT id FROM client_merge_log WHERE created_at < :before AND sealed <> '\x' ORDER BY id LIMIT :limit)
""")
# Who was chosen, by which words, and what was written, such as a reason, is of no use once it is done.
CHOSEN = text("""
    UPDATE bulk_edits SET chosen = '{}', record_ids = '{}', fields = '{}' WHERE id IN (
        SELECT b.id FROM bulk_edits b JOIN change_sets s ON s.port_id = b.port_id AND s.id = b.change_set_id
        WHERE s.applied_at < :before AND (b.chosen <> '{}' OR b.record_ids <> '{}' OR b.fields <> '{}')
        ORDER BY b.id LIMIT :limit)
""")


@job(queue="maintenance", in_steps=True)
def finish_erasure(steps: Steps, client_id: uuid.UUID) -> None:
    """What lies in the storage goes, mails on their way are withdrawn, and the search forgets the words."""
    with steps.step():
        client = db.session.get(Client, client_id)
        if client is None or not client.is_erased:
            return
        withdraw_mails(client)
    remove_loose(steps)
    forget_words(steps)


def withdraw_mails(client: Client) -> None:
    """Those that lead to the page of the client, of one who was merged into it, or of what was held about them."""
    pages = "|".join(map(re.escape, pages_gone_with(client)))
    link = re.compile(rf"/{current_port_of(client.port_id).slug}/(?:{pages})(?![0-9])")
    for mail_id, sealed in db.session.execute(UNSENT).all():
        letter = Letter(**json.loads(keyring().open(sealed, place=place_of(mail_id))))
        if link.search(letter.text) or link.search(letter.html):
            db.session.execute(WITHDRAW, {"id": mail_id})


def pages_gone_with(client: Client) -> list[str]:
    """As the erasure recorded them: one of earlier named the vessels alone."""
    about = (Event.subject_type == Client.subject_type, Event.subject_id == client.id)
    event = db.session.scalars(select(Event).where(*about, Event.name == "client:erased")).first()
    details = (details_of(event) if event else None) or {}
    vessels = [f"vessels/{number}" for _id, number in details.get("vessels", ())]
    return [f"clients/{client.number}", *details.get("pages", vessels)]


# Rows of files of which nobody came.
NOBODY = text("""
    DELETE FROM import_rows WHERE id IN (
        SELECT r.id FROM import_rows r JOIN imports i ON i.port_id = r.port_id AND i.id = r.import_id
        WHERE r.client_id IS NULL AND r.berth_id IS NULL AND (i.status = 'failed' OR i.status IN ('finished', 'stopped')
            AND i.updated_at < :before) ORDER BY r.id LIMIT :limit)
""")


@job(queue="maintenance", in_steps=True)
def forget_old(steps: Steps) -> None:
    """The before-images of merges after the days in which they can be undone, what bulk edits were to be done to, files
    of contacts that nobody let in with the rows of which nobody came, and archives that nobody fetched."""
    before = {"before": now() - UNDONE_WITHIN, "limit": AT_ONCE}
    give_up_imports(steps)
    for statement in (MERGES, CHOSEN, NOBODY):
        while _some(steps, statement, before):
            pass
    while _remove_archives(steps):
        pass


def give_up_imports(steps: Steps) -> None:
    """Those that were checked, and then left alone."""
    with steps.step():
        waiting = Import.status.in_((ImportStatus.PREVIEW, ImportStatus.MAPPING))
        old = select(Import).where(waiting, Import.updated_at < now() - UNDONE_WITHIN)
        for found in db.session.scalars(old.with_for_update(skip_locked=True)):
            with formats.use(current_port_of(found.port_id)):
                text = _("Nothing of it was let in for 30 days, so it is not kept any longer. Send the file again.")
            found.note_failed(text, by=System())


def _some(steps: Steps, statement: Any, values: dict[str, Any]) -> bool:
    with steps.step():
        changed: Any = db.session.execute(statement, values)
        steps.advance(changed.rowcount)
    return bool(changed.rowcount == AT_ONCE)


def _remove_archives(steps: Steps) -> bool:
    with steps.step():
        old = select(Archive).where(Archive.updated_at < now() - Archive.KEPT, Archive.status != "building")
        found = db.session.scalars(old.order_by(Archive.id).limit(AT_ONCE).with_for_update()).all()
        for archive in found:
            archive.remove()
    return len(found) == AT_ONCE
