"""Taking back another name or kind of a file."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reverts import NotReverted, Reason, reverts, what_to_write
from .models import File


@reverts("file:updated", "file:reverted", permission="files.upload")
def revert_file(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    file_id = uuid.UUID(str(words["details"]["file_id"]))
    seen = File.visible_to(member).where(File.id == file_id).with_for_update()
    file = db.session.scalars(seen).one_or_none()
    if file is None:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    if file.is_archived:
        raise NotReverted(Reason(_("the file lies in the trash; restore it first")))
    fields = {name: old for name, (old, _new) in what_to_write(event, words, file, told_in=file.told_in).items()}
    return file.update(fields, by=member, reverting=event.id)
