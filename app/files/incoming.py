"""From a form into the storage.

    class SurveyForm(Form):
        file = UploadField(_("Survey"), [FileRequired(_("Choose a file first."))])

    form = SurveyForm()
    if not form.validate():                       # also looks at the content
        return page(…, 422, form=form)
    content = keep(form.file.upload, entity="vessels", entity_id=vessel.id, by=member)
    # Here a new transaction has begun: find and lock again what is changed now.
    vessel = locked(number)
    file = File.upload(content, port_id=vessel.port_id, by=member, record=vessel)

`components/upload.html` has the field. An upload that comes to nothing is removed a day later.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import current_app
from flask_wtf.file import FileField, MultipleFileField
from wtforms.validators import StopValidation

from .. import storage
from ..current import Member
from ..db import begin, commit, rollback
from ..threads import off_the_loop
from .content import Content, Unfit, Upload, examined
from .models import NOBODY, LooseKey


class UploadField(FileField):  # type: ignore[misc]  # Flask-WTF is published without types
    """One file, whose content is looked at when the form is validated; then it is in `upload`."""

    upload: Upload

    def pre_validate(self, form: Any) -> None:
        if self.data:
            self.upload = looked_at(self.data)


class UploadsField(MultipleFileField):  # type: ignore[misc]  # Flask-WTF is published without types
    """Several files at once, in `uploads`. One that is not taken refuses all of them, and says which it is."""

    uploads: Sequence[Upload] = ()

    def pre_validate(self, form: Any) -> None:
        self.uploads = [looked_at(sent) for sent in self.data or ()]


def looked_at(sent: Any) -> Upload:
    try:
        return off_the_loop(examined, sent.stream, sent.filename or "")
    except Unfit as error:
        raise StopValidation(str(error)) from error


def keep(upload: Upload, *, by: Member, entity: str = NOBODY, entity_id: uuid.UUID | None = None) -> Content:
    """Store the upload, for a record of `entity` or for nobody. Raises StorageAway.

    The transaction of the request ends before and a new one begins after: nothing waits for the storage in it.
    """
    return keep_all([upload], by=by, entity=entity, entity_id=entity_id)[0]


def keep_all(
    uploads: Sequence[Upload], *, by: Member, entity: str = NOBODY, entity_id: uuid.UUID | None = None
) -> list[Content]:
    slug, place = by.here().slug, str(entity_id or "files")
    keys = [storage.new_key(slug, entity, place, upload.kind.extensions[0]) for upload in uploads]
    put_between([(key, upload.stream, upload.kind.mime) for key, upload in zip(keys, uploads, strict=True)], by=by)
    is_to_be_scanned = current_app.extensions["settings"].clamd_url is not None
    return [
        Content(key, upload.filename, upload.kind.mime, upload.size, upload.sha256, is_to_be_scanned)
        for upload, key in zip(uploads, keys, strict=True)
    ]


def put_between(contents: Sequence[tuple[str, Any, str]], *, by: Member) -> None:
    """Put each stream under its key, as what it is, between two transactions. Who names a key in a record claims it
    from `LooseKey`."""
    port_id = by.here().id
    rollback()
    begin(port_id=port_id, user_id=by.id, scope="staff")
    LooseKey.note([key for key, _stream, _kind in contents], port_id=port_id)
    commit()
    for key, stream, kind in contents:
        stream.seek(0)
        storage.put(stream, key, kind)
    begin(port_id=port_id, user_id=by.id, scope="staff")
