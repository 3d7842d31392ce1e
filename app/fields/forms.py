"""The form of a custom field, and custom fields in the forms of records."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, ValidationError
from wtforms.widgets import DateInput

from ..forms import EditForm, Form, at_most
from .labels import KINDS
from .models import FieldDefinition, FieldKind, Unfit
from .models.kinds import LONGEST

MOST_OPTIONS = 60


class OptionsField(TextAreaField):
    """One choice a line."""

    def process_data(self, value: Any) -> None:
        self.data = "\n".join(option["label"] for option in value or ())

    @property
    def labels(self) -> list[str]:
        """Each once, without white space around it."""
        lines = (" ".join(line.split()) for line in (self.data or "").split("\n"))
        found: dict[str, str] = {}
        for line in filter(None, lines):
            found.setdefault(line.casefold(), line)
        return list(found.values())


class FieldForm(EditForm):
    label = StringField(_("Name"), [DataRequired(_("Type a name.")), at_most(60)])
    kind = RadioField(_("Kind"), choices=KINDS, default=FieldKind.TEXT)
    options = OptionsField(
        _("Choices"), [at_most(4_000)], description=_("For a choice only: one a line, in their order.")
    )
    help = StringField(_("Help"), [at_most(200)], description=_("What stands above the field in forms."))
    required = BooleanField(_("Has to be filled in"))

    def validate_options(self, field: OptionsField) -> None:
        if self.kind.data != FieldKind.CHOICE:
            return
        if not field.labels:
            raise ValidationError(gettext("Write at least one choice."))
        if len(field.labels) > MOST_OPTIONS:
            raise ValidationError(gettext("At most %(count)d choices.", count=MOST_OPTIONS))
        if long := next((label for label in field.labels if len(label) > 60), None):
            raise ValidationError(gettext("“%(label)s…” is longer than 60 characters.", label=long[:30]))

    def written(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The values as the model takes them."""
        return {**changes, "options": self.options.labels} if "options" in changes else changes


class NewFieldForm(FieldForm):
    resource = HiddenField()


class OptionForm(Form):
    """Another name for a choice; what has it follows."""

    option = SelectField(_("Choice"))
    name = StringField(_("New name"), [DataRequired(_("Type the new name.")), at_most(60)])

    def __init__(self, *args: Any, field: FieldDefinition, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.option.choices = [(option.key, option.label) for option in field.offered]


# --- In the forms of records


class ReadField(StringField):
    """A text that is read by the field's definition; what cannot be read is shown as it was typed."""

    def __init__(self, *args: Any, definition: FieldDefinition, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.definition = definition

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        self.data = valuelist[0]
        try:
            self.data = self.definition.read(valuelist[0])
        except Unfit as error:
            raise ValueError(str(error)) from error


class DayField(ReadField):
    widget = DateInput()


T = TypeVar("T", bound=EditForm)


def with_custom(form: type[T], resource: str, port_id: uuid.UUID, *, is_kept: bool = False) -> type[T]:
    """The form with the custom fields of the port after its own; `form.custom` has them. One statement. `is_kept`: as
    `FieldDefinition.of`."""
    definitions = FieldDefinition.of(resource, port_id=port_id, is_kept=is_kept)
    if not definitions:
        bare: type[T] = _without(form)  # type: ignore[arg-type]  # a class can be a key
        return bare
    fields: dict[str, Any] = {definition.name: _field(definition) for definition in definitions}
    names = tuple(fields)
    fields["custom"] = property(lambda self: [self[name] for name in names])
    return type(form.__name__, (form,), fields)


@cache
def _without(form: Any) -> Any:
    """As most ports have it: kept, since WTForms looks each class of forms through when it is first made."""
    return type(form.__name__, (form,), {"custom": ()})


def _field(definition: FieldDefinition) -> Any:
    required = [DataRequired(_("Fill this in."))] if definition.required else []
    about: dict[str, Any] = {"description": definition.help}
    if definition.kind in (FieldKind.CHOICE, FieldKind.YES_NO):
        return SelectField(definition.label, required, choices=_choices(definition), default="", **about)
    kind = DayField if definition.kind == FieldKind.DATE else ReadField
    if definition.kind == FieldKind.MONEY:
        about["description"] = " ".join(
            filter(None, (definition.help, gettext("In %(code)s.", code=definition.currency)))
        )
    validators = [*required, at_most(LONGEST)] if definition.kind == FieldKind.TEXT else required
    return kind(definition.label, validators, default="", definition=definition, **about)


def _choices(definition: FieldDefinition) -> Iterable[tuple[str, Any]]:
    if definition.kind == FieldKind.YES_NO:
        return [("", ""), ("yes", _("Yes")), ("no", _("No"))]
    return [("", ""), *((option.key, option.label) for option in definition.offered)]
