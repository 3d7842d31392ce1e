from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, Field, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, ValidationError

from ..clients.models.contact import Unfit, read_value
from ..current import CurrentPort
from ..formats import today
from ..forms import DayField, Form, at_most
from ..measures import BEAM, DRAFT, LENGTH, MeasureField, read_length
from .labels import KINDS

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# What a port may leave out, and the fields of each.
SECTIONS = {
    "phone": ("phone",),
    "vessel": ("vessel", "loa", "beam", "draft"),
    "dates": ("wanted_from", "wanted_until"),
    "kind": ("kind",),
    "message": ("message",),
}


class RegistrationForm(Form):
    """What a stranger says. `website` is for machines: people do not see it."""

    name = StringField(_("Your name"), [DataRequired(_("Type your name.")), at_most(120)])
    email = StringField(_("E-mail"), [DataRequired(_("Type your e-mail address.")), at_most(254)])
    phone = StringField(_("Phone"), [at_most(40)])
    vessel = StringField(_("Name of your boat"), [at_most(100)])
    loa = MeasureField(
        _("Length"),
        read=partial(read_length, limit=LENGTH),
        description=_("Metres such as 11.60, or feet such as 38'."),
    )
    beam = MeasureField(_("Beam"), read=partial(read_length, limit=BEAM))
    draft = MeasureField(_("Draft"), read=partial(read_length, limit=DRAFT))
    wanted_from = DayField(_("From"))
    wanted_until = DayField(_("Until"), description=_("Empty: for longer."))
    kind = SelectField(_("What you look for"), choices=KINDS)
    message = TextAreaField(_("Anything else"), [at_most(2000)])
    consent = BooleanField(
        _("The harbour may keep what I wrote here, to answer me."),
        [DataRequired(_("Without this we cannot answer you."))],
    )
    marketing = BooleanField(_("I would like to hear of news and offers, and can say no to that later."))
    website = StringField(_("Leave this empty"))

    def __init__(self, *args: Any, port: CurrentPort, sections: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.port = port
        for section, names in SECTIONS.items():
            if section not in sections:
                for name in names:
                    del self[name]

    def validate_name(self, field: Field) -> None:
        if UNPRINTABLE.search(field.data) or not re.search(r"\w", field.data):
            raise ValidationError(gettext("Type your name as you write it."))

    def validate_email(self, field: Field) -> None:
        reachable("email", field, self.port.country)

    def validate_phone(self, field: Field) -> None:
        if field.data:
            reachable("phone", field, self.port.country)

    def validate_wanted_from(self, field: Field) -> None:
        if field.data and not f"{today():%Y-%m-%d}" <= field.data <= "2200":
            raise ValidationError(gettext("This day has passed."))

    def validate_wanted_until(self, field: Field) -> None:
        if field.data and self.wanted_from.data and field.data <= self.wanted_from.data:
            raise ValidationError(gettext("It ends before it begins."))
        if field.data and field.data <= f"{today():%Y-%m-%d}":
            raise ValidationError(gettext("Choose a later day."))
        if field.data and field.data > "2200":
            raise ValidationError(gettext("Write the year with four digits."))

    def words(self, language: str) -> dict[str, Any]:
        """What is kept, sealed."""
        names = ("name", "email", "phone", "vessel", "loa", "beam", "draft", "wanted_from", "wanted_until", "kind")
        found = {name: (self[name].data or "") if name in self else "" for name in (*names, "message")}
        return {**found, "marketing": bool(self.marketing.data), "language": language}


def reachable(kind: str, field: Field, country: str) -> None:
    try:
        field.data = read_value(kind, field.data, country=country)[0]
    except Unfit as error:
        raise ValidationError(str(error)) from error
