from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf.file import FileRequired
from wtforms import Field, SelectField, StringField
from wtforms.validators import DataRequired, ValidationError

from ..forms import EditForm, Form, at_most
from .content import extension_of, plain_name
from .incoming import UploadField, UploadsField
from .labels import CATEGORIES
from .models import Category, Folder
from .models.folder import tree_of

CHOOSE = _("Choose a file first.")


class UploadForm(Form):
    """Files for a folder, or for a record; where they go stands in the address."""

    files = UploadsField(_("Files"), [FileRequired(CHOOSE)])
    category = SelectField(_("Kind"), choices=CATEGORIES, default=Category.OTHER)


class VersionForm(Form):
    file = UploadField(_("New version"), [FileRequired(CHOOSE)])


class FileForm(EditForm):
    filename = StringField(_("Name"), [DataRequired(_("Type a name.")), at_most(200)])
    category = SelectField(_("Kind"), choices=CATEGORIES)

    def __init__(self, *args: Any, obj: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        self.extension = extension_of(obj.filename)

    def validate_filename(self, field: Field) -> None:
        """The ending says what the file is, and stays."""
        name = plain_name(field.data)
        if self.extension and extension_of(name) != self.extension:
            raise ValidationError(_("The name ends in “.%(extension)s”, as the file does.", extension=self.extension))
        field.data = name


class FolderForm(Form):
    name = StringField(_("Name"), [DataRequired(_("Type the name of the folder.")), at_most(100)])


class PlaceForm(Form):
    """Into which folder; the choice of all of them, each below the one it stands in."""

    folder = SelectField(_("Folder"))

    def __init__(self, *args: Any, member: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tree = tree_of(member)
        indent = "\u2003"
        named = [(str(folder.number), f"{indent * depth}{folder.name}") for folder, depth in self.tree]
        self.folder.choices = [("", _("No folder")), *named]

    def chosen(self) -> Folder | None:
        return next((folder for folder, _depth in self.tree if str(folder.number) == self.folder.data), None)
