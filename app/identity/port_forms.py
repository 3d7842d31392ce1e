"""The shape of what is said about a port: where it is, how it writes, how it looks."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import Field, SelectField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from ..codes import countries
from ..formats import in_force
from ..forms import EditForm
from .colours import as_hex
from .models import Port
from .models.port import NO_SLUGS
from .places import currencies, locales, zones

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?")


class PortForm(EditForm):
    name = StringField(_("Name"), [DataRequired(_("Type the name of the port.")), Length(max=100)])
    country = SelectField(_("Country"), description=_("National phone numbers are read as numbers of this country."))
    timezone = SelectField(_("Time zone"), description=_("Everybody sees times of this zone."))
    default_currency = SelectField(_("Currency"))
    locale = SelectField(_("Dates and numbers"), description=_("How dates, numbers and amounts are written."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        locale = in_force().locale
        for field, offered in (
            (self.country, countries(locale)),
            (self.timezone, zones()),
            (self.default_currency, currencies(locale)),
            (self.locale, locales(locale)),
        ):
            # What a port was made with stays possible.
            extra = [(field.data, field.data)] if kwargs.get("obj") and field.data == field.object_data else []
            field.choices = [*offered, *(pair for pair in extra if pair[0] and pair[0] not in dict(offered))]


class NewPortForm(PortForm):
    slug = StringField(
        _("Address"),
        [DataRequired(_("Type the address of the port."))],
        description=_("The first part of every address of the port, such as port-nimara. It stays as it is."),
    )

    def validate_slug(self, field: Field) -> None:
        if not SLUG.fullmatch(field.data):
            raise ValidationError(gettext("Small letters, digits and dashes only, 50 at most."))
        if field.data in NO_SLUGS:
            raise ValidationError(gettext("This word is used by Quayside itself."))


class ColourField(StringField):
    """A colour as `#2b6cb0`; other spellings are read, and none at all is Quayside's own."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        self.data = typed
        if typed:
            try:
                self.data = as_hex(typed)
            except ValueError as error:
                raise ValueError(gettext("Write a colour as six digits, such as #2b6cb0.")) from error


class BrandingForm(EditForm):
    primary = ColourField(_("Primary colour"), description=_("Buttons and links."))
    secondary = ColourField(_("Secondary colour"), description=_("The mark and the bar beside the page you are on."))


def look_of(port: Port) -> Any:
    """The colours of a port as the form reads records."""
    look = {name: port.branding.get(name) or "" for name in ("primary", "secondary")}
    return SimpleNamespace(**look, id=port.id, subject_type="port")
