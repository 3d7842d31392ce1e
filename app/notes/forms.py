from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, TextAreaField
from wtforms.validators import DataRequired

from ..forms import EditForm, Form, at_most


class NoteForm(Form):
    body = TextAreaField(_("Note"), [DataRequired(_("Write the note first.")), at_most(10_000)])
    pinned = BooleanField(_("Keep at the top"))


class EditNoteForm(EditForm):
    body = TextAreaField(_("Note"), [DataRequired(_("Write the note first.")), at_most(10_000)])
