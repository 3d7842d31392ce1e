"""The form of an API token."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import func
from wtforms import Field, RadioField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from ..current import member
from ..db import db
from ..forms import Form
from .models import ApiToken
from .models.api_token import EVERYTHING

LASTING = [("7", _("7 days")), ("30", _("30 days")), ("90", _("90 days")), ("365", _("A year"))]


class TokenForm(Form):
    """What a program may do: whatever its user may, or some of it."""

    name = StringField(
        _("Name"),
        [InputRequired(_("Type what it is for.")), Length(max=80)],
        description=_("What it is for, such as Accounting export. You see it in the list and in the history."),
    )
    days = RadioField(_("Good for"), choices=LASTING, default="90")
    reach = RadioField(
        _("May do"),
        choices=[("everything", _("Everything I may, also what I may later")), ("chosen", _("Only what I choose"))],
        default="chosen",
    )
    scopes = SelectMultipleField(_("Permissions"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choices = [(leaf, leaf.partition(".")[2].replace("_", " ")) for leaf in sorted(member.permissions)]
        self.scopes.choices = list(self._choices)

    def validate_name(self, field: Field) -> None:
        taken = ApiToken.of_member(member).where(func.lower(ApiToken.name) == func.lower(field.data))
        if db.session.scalars(taken.limit(1)).first() is not None:
            raise ValidationError(gettext("You have a token of that name."))

    def validate_scopes(self, field: Field) -> None:
        if self.reach.data == "chosen" and not field.data:
            raise ValidationError(gettext("Choose at least one."))

    def by_resource(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """The leaves the member holds, as (leaf, action in words, chosen) under the name of their resource."""
        found: dict[str, list[tuple[str, str, bool]]] = {}
        for leaf, words in self._choices:
            resource = leaf.partition(".")[0].replace("_", " ").capitalize()
            found.setdefault(resource, []).append((leaf, words, leaf in (self.scopes.data or ())))
        return list(found.items())

    def wanted(self) -> list[str]:
        return [EVERYTHING] if self.reach.data == "everything" else list(self.scopes.data or ())
