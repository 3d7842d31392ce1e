from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf.file import FileField, FileRequired
from wtforms import Field
from wtforms.validators import ValidationError

from ..forms import Form
from ..tables.reading import NotATable, refuse_early


class ImportForm(Form):
    file = FileField(validators=[FileRequired(_("Choose a file first."))])

    def validate_file(self, field: Field) -> None:
        """What size and beginning tell; the rest is found out when the file is read."""
        try:
            refuse_early(field.data.stream, field.data.filename or "")
        except NotATable as error:
            raise ValidationError(str(error)) from error
