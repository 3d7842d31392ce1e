from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from email_validator import EmailNotValidError, validate_email
from flask import request
from flask_babel import lazy_gettext as _
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, Field, HiddenField, PasswordField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, StopValidation, ValidationError

from ..crypto import Unreadable
from ..events.models import keyring
from ..forms import EditForm, Form, tidy
from .passwords import weaknesses


class SignInForm(Form):
    email = StringField(_("E-mail"), [InputRequired(_("Type your e-mail address.")), Length(max=320)])
    password = PasswordField(_("Password"), [InputRequired(_("Type your password.")), Length(max=1024)])


class PreferencesForm(Form):
    theme = RadioField(
        _("Theme"),
        [Optional()],
        choices=[("system", _("System")), ("light", _("Light")), ("dark", _("Dark"))],
    )
    sidebar_collapsed = BooleanField(_("Small sidebar"), false_values=("0", ""))
    single_keys = BooleanField(_("Single letters as shortcuts"), false_values=("0", ""))

    def sent(self) -> dict[str, Any]:
        """What was sent, by name; the rest stays as it is."""
        return {name: value for name, value in self.values().items() if name in request.form}


# --- Accounts

PRESENT = {"autocomplete": "current-password"}
NEW = {"autocomplete": "new-password"}


def readable_name(text: str) -> str | None:
    """A name as one line of what can be seen, since it stands in mails, beside buttons, in exports; None if it is not
    one."""
    is_seen = not any(unicodedata.category(character).startswith("C") for character in text)
    return text if is_seen and 0 < len(text) <= 120 and text == tidy(text) else None


def readable_address(text: str) -> str | None:
    """An address that mail servers take, as they write it; None if it is not one."""
    try:
        return validate_email(text, check_deliverability=False, allow_smtputf8=False).ascii_email
    except EmailNotValidError:
        return None


def is_name(form: Form, field: Field) -> None:
    if readable_name(field.data or "") is None:
        raise StopValidation(_("Leave out characters that cannot be seen."))


def is_address(form: Form, field: Field) -> None:
    if (field.data or "").isascii() is False or readable_address(field.data or "") is None:
        raise StopValidation(_("This is not an e-mail address."))


NAME = [InputRequired(_("Type a name.")), Length(max=120), is_name]


class NewPassword:
    """Judges a new password and says everything that is wrong with it at once. `about`: name and e-mail of whose it is
    to be."""

    about: Sequence[str] = ()

    def validate_new_password(self, field: Field) -> None:
        wrong = weaknesses(field.data or "", about=self.about)
        if wrong:
            field.errors = [*field.errors, *wrong[:-1]]
            raise ValidationError(wrong[-1])


class AcceptanceForm(NewPassword, Form):
    name = StringField(_("Your name"), NAME)
    new_password = PasswordField(_("Password"), [InputRequired(_("Choose a password."))])


class ResetRequestForm(Form):
    email = StringField(_("E-mail"), [InputRequired(_("Type your e-mail address.")), Length(max=320), is_address])


class ResetForm(NewPassword, Form):
    new_password = PasswordField(_("New password"), [InputRequired(_("Choose a password."))])


class PasswordForm(NewPassword, Form):
    present_password = PasswordField(
        _("Present password"), [InputRequired(_("Type your present password.")), Length(max=1024)]
    )
    new_password = PasswordField(_("New password"), [InputRequired(_("Choose a password."))])


class EmailForm(Form):
    email = StringField(
        _("New e-mail address"), [InputRequired(_("Type the new address.")), Length(max=320), is_address]
    )
    email_password = PasswordField(_("Password"), [InputRequired(_("Type your password.")), Length(max=1024)])


class PictureForm(Form):
    picture = FileField(_("New picture"), [FileRequired(_("Choose a picture first."))])


# What Babel knows of the languages spoken in harbours so far; the words are English everywhere as yet.
LOCALES = (
    *("en", "en_GB", "en_US", "ca", "cs", "da", "de", "de_AT", "de_CH", "el", "es", "et", "fi", "fr", "fr_CH", "hr"),
    *("hu", "is", "it", "lt", "lv", "nb", "nl", "pl", "pt", "pt_BR", "ro", "sk", "sl", "sv", "tr", "uk"),
)
# The zones of the rest are old names.
CONTINENTS = frozenset(
    ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
)


@cache
def locale_choices() -> list[tuple[str, str]]:
    """Each in its own language; English first."""
    names = [(code, Locale.parse(code).get_display_name(code) or code) for code in LOCALES]
    return [(code, name[:1].upper() + name[1:]) for code, name in names]


@cache
def zone_choices() -> list[tuple[str, str]]:
    zones = sorted(name for name in available_timezones() if name.partition("/")[0] in CONTINENTS)
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in zones)]


class ProfileForm(EditForm):
    name = StringField(_("Name"), NAME)
    locale = SelectField(_("Language and formats"))
    timezone = SelectField(_("Time zone"))
    theme = RadioField(_("Theme"), choices=[("system", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))])
    units = RadioField(
        _("Lengths"), choices=[("metres", _("In metres")), ("feet", _("In metres, with feet beside them"))]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.locale.choices = [("", _("As the port")), *locale_choices()]
        self.timezone.choices = [("", _("As the port")), *zone_choices()]


# --- Second factors


class NewAppForm(Form):
    """Carries the secret it offers, sealed for one user: reading a page writes nothing."""

    offer_sealed = HiddenField(name="offer")
    code = StringField(_("Code from the app"), [InputRequired(_("Type the code that the app shows.")), Length(max=20)])
    label = StringField(_("Name"), [Length(max=80)])

    def offer(self, secret: str, user_id: uuid.UUID) -> None:
        self.offer_sealed.data = keyring().seal(secret.encode(), place=f"new_app:{user_id}").hex()

    def offered_to(self, user_id: uuid.UUID) -> str | None:
        """The secret; None when it was altered, or offered to somebody else."""
        try:
            sealed = bytes.fromhex(self.offer_sealed.data or "")
            return keyring().open(sealed, place=f"new_app:{user_id}").decode()
        except (Unreadable, ValueError):
            return None


class NewPasskeyForm(Form):
    label = StringField(_("Name"), [Length(max=80)])
    passkey = HiddenField(validators=[InputRequired(), Length(max=20_000)], name="_passkey")
