from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import IntegerField, RadioField
from wtforms.widgets import HiddenInput

from ..forms import Form
from ..tags.forms import AddTagForm

KEEP = "keep"


class BulkForm(Form):
    """What changes for all; `count` is how many the form said there are. `shown`: the fields, in their order."""

    count = IntegerField(widget=HiddenInput())

    shown: ClassVar[Sequence[str]] = ()

    def fields(self) -> dict[str, Any]:
        """What is to be written, by name."""
        chosen = {name: self[name].data for name in self.shown if self[name].data != KEEP}
        return {name: None if name == "owner_id" and not value else value for name, value in chosen.items()}

    def title(self) -> str:
        """What is done, as the change set is called."""
        return ", ".join(f"{self[name].label.text}: {self.word_of(name)}" for name in self.fields())

    def word_of(self, name: str) -> str:
        """The chosen value as people read it."""
        chosen = self[name].data
        for choice in self[name].choices:
            value, label = choice if isinstance(choice, tuple) else (choice.value, choice.label)
            if value == chosen:
                return str(label)
        return str(chosen)


class BulkArchiveForm(BulkForm):
    """Nothing to choose."""

    def title(self) -> str:
        return gettext("Archive")


class BulkTagForm(AddTagForm, BulkForm):
    """A tag for all."""

    way = RadioField(
        _("What to do"), choices=[("tag", _("Put the tag on")), ("untag", _("Take the tag off"))], default="tag"
    )

    shown = ("way", "name")

    @property
    def comes_off(self) -> bool:
        return bool(self.way.data == "untag")

    def fields(self) -> dict[str, Any]:
        return {}
