"""The settings of a port in groups, one form each; holidays, tax rates, tags."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import (
    BooleanField,
    DateField,
    Field,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, NumberRange, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from ..current import member
from ..db import db
from ..forms import EditForm, Form, at_most
from ..identity.models import Role
from .labels import BERTH_STATUSES, CLEARANCES, COLOURS, DAYS, MODES, REGISTRATION_FIELDS, TAX_MODES, TRIGGERS
from .models import SettingsSheet, TaxMode
from .models.hours import read_spans, written
from .models.settings import FIXED, RULES

ADDRESS = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")


def between(low: int, high: int) -> list[Any]:
    text = _("Type a whole number from %(low)d to %(high)d.", low=low, high=high)
    return [InputRequired(text), NumberRange(low, high, message=text)]


class WholeField(IntegerField):
    """A whole number; what cannot be read is shown as it was typed, and its range is what is said of it."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        with suppress(ValueError):
            super().process_formdata(valuelist)


class DaysField(StringField):
    """Whole numbers with commas between them."""

    data: Any

    def _value(self) -> str:
        return self.data if isinstance(self.data, str) else ", ".join(map(str, self.data or []))

    def process_data(self, value: Any) -> None:
        self.data = list(value or [])

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        words = [word for word in re.split(r"[,;\s]+", valuelist[0].strip()) if word]
        self.data = valuelist[0]
        if not all(word.isascii() and word.isdecimal() and 1 <= int(word[:6]) <= 365 for word in words):
            raise ValueError(gettext("Write whole numbers of days from 1 to 365, with commas between them."))
        days = sorted({int(word) for word in words})
        if len(days) > 6:
            raise ValueError(gettext("At most six reminders."))
        self.data = days


class HoursField(StringField):
    """The open spans of a day, as text; empty is closed. What can be read is shown as everybody writes it."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        self.data = valuelist[0]
        self.data = written(read_spans(valuelist[0]))


class ChoicesField(SelectMultipleField):
    """Several boxes; of two versions one arrives as a text with commas."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata([part.strip() for value in valuelist for part in value.split(",") if part.strip()])


class SalesForm(EditForm):
    follow_up_reminder_days = DaysField(
        _("Follow-up reminders"),
        description=_(
            "Days after the last word with a client on which its owner is reminded, such as 3, 7, 14. Leave it empty "
            "for none."
        ),
    )
    eoi_reminder_interval_days = WholeField(
        _("Reminder of an unsigned EOI"),
        between(1, 60),
        description=_("Every so many days, until everybody has signed the expression of interest."),
    )


class BerthsForm(EditForm):
    """Two choices for each rule that is one, made below the class."""

    tenure_expiry_warning_months = WholeField(
        _("Warning before a tenure ends"),
        between(1, 24),
        description=_("Months before its last day; the berth then stands in the list of tenures that expire."),
    )
    clearance_loa = WholeField(CLEARANCES["loa"], between(0, 500))
    clearance_beam = WholeField(CLEARANCES["beam"], between(0, 500))
    clearance_draft = WholeField(CLEARANCES["draft"], between(0, 500))
    clearance_air_draft = WholeField(CLEARANCES["air_draft"], between(0, 500))


for _rule in (rule for rule in RULES if rule.trigger not in FIXED):
    setattr(BerthsForm, f"rule_{_rule.trigger}_mode", SelectField(TRIGGERS[_rule.trigger][0], choices=MODES))
    setattr(BerthsForm, f"rule_{_rule.trigger}_status", SelectField(TRIGGERS[_rule.trigger][0], choices=BERTH_STATUSES))


class HoursForm(EditForm):
    """One line a weekday, made below the class."""

    def copy_monday(self) -> None:
        """Tuesday to Friday as Monday was typed."""
        for day in ("tue", "wed", "thu", "fri"):
            self[f"hours_{day}"].data = self.hours_mon.data


for _day, _label in DAYS.items():
    setattr(HoursForm, f"hours_{_day}", HoursField(_label, [at_most(80)]))


class MoneyForm(EditForm):
    invoice_prefix = StringField(
        _("Prefix"),
        [at_most(10)],
        description=_("At most ten letters, digits, dashes and slashes. Every number begins with it."),
    )
    invoice_padding = WholeField(
        _("Digits"), between(1, 9), description=_("Shorter numbers are filled up with zeros: 4 makes 0001.")
    )
    invoice_first = WholeField(
        _("First number"),
        between(1, 999_999_999),
        description=_("Where a series begins, to go on after invoices that were written elsewhere."),
    )
    invoice_yearly = BooleanField(
        _("Begin again every year"), description=_("The year then stands in the number, and each year is a series.")
    )
    tax_mode = RadioField(_("Prices and tax"), choices=TAX_MODES, default=TaxMode.EXCLUSIVE)
    tax_default = SelectField(
        _("Default rate"), description=_("What a new line of an invoice is charged, unless its product says otherwise.")
    )

    def __init__(self, *args: Any, obj: SettingsSheet | None = None, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        rates = obj.settings.tax.rates if obj else ()
        self.tax_default.choices = [("", _("None")), *((rate.name, percent_words(rate)) for rate in rates)]

    def validate_invoice_prefix(self, field: Field) -> None:
        prefix = (field.data or "").upper()
        if not re.fullmatch(r"[A-Z0-9/-]*", prefix):
            raise ValidationError(gettext("Letters A to Z, digits, dashes and slashes only."))
        field.data = prefix


def percent_words(rate: Any) -> str:
    return f"{rate.name} · {Decimal(rate.percent).normalize():f} %"


class SecurityForm(EditForm):
    mfa_required_roles = ChoicesField(
        _("Required of"),
        description=_(
            "Who holds one of these roles is asked to set it up at the next sign-in, and gets no further before."
        ),
    )

    def __init__(self, *args: Any, obj: SettingsSheet | None = None, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        rows = db.session.execute(db.select(Role.name, Role.label).where(Role.name != "client").order_by(Role.label))
        self.mfa_required_roles.choices = [(row.name, row.label) for row in rows]

    def validate_mfa_required_roles(self, field: Field) -> None:
        """Nobody locks themselves out: who is to give a second factor must have one."""
        own = {*member.roles, *(("super_admin",) if member.is_super_admin else ())}
        if not member.has_mfa and own & set(field.data or ()):
            raise ValidationError(
                gettext("Your own role is among them, and you have no second factor yet. Set yours up first.")
            )


class MailForm(EditForm):
    mail_reply_to = StringField(
        _("Answers go to"),
        [at_most(320)],
        description=_("Where a client’s answer to a message from Quayside arrives. Empty: nowhere."),
    )
    portal_signup = BooleanField(
        _("Clients may make an account themselves"),
        description=_(
            "With an e-mail address you have on file, which they confirm. Otherwise you invite each of them."
        ),
    )

    def validate_mail_reply_to(self, field: Field) -> None:
        if field.data and not ADDRESS.fullmatch(field.data):
            raise ValidationError(gettext("Write one address, such as office@example.com."))


class RegistrationSettingsForm(EditForm):
    """A box for each part of the public page, made below the class."""

    registration_open = BooleanField(
        _("Anybody may register on the public page"),
        description=_("Whoever does becomes a client with source website, and you are told."),
    )
    registration_intro = TextAreaField(
        _("What the page says at its top"), [at_most(1000)], description=_("In the language of your visitors.")
    )


for _part, _label in REGISTRATION_FIELDS:
    setattr(RegistrationSettingsForm, f"registration_{_part}", BooleanField(_label))


class HolidayForm(Form):
    day = DateField(_("Day"), [DataRequired(_("Choose the day."))])
    name = StringField(_("Name"), [DataRequired(_("Type what the day is called.")), at_most(60)])
    is_yearly = BooleanField(_("Every year"))


class RateForm(Form):
    name = StringField(
        _("Name"),
        [DataRequired(_("Type a name, such as Standard.")), at_most(40)],
        description=_("Such as Standard."),
    )
    percent = StringField(_("Per cent"), [DataRequired(_("Type the percentage, such as 25.5."))])

    def validate_name(self, field: Field) -> None:
        if "/" in field.data:
            raise ValidationError(gettext("No slashes in the name."))

    def validate_percent(self, field: Field) -> None:
        try:
            value = Decimal(field.data.replace(",", ".").removesuffix("%").strip())
        except InvalidOperation:
            raise ValidationError(gettext("“%(text)s” is not a number.", text=field.data[:20])) from None
        if not (value.is_finite() and 0 <= value <= 100) or round(value, 3) != value:
            raise ValidationError(gettext("From 0 to 100, with at most three decimals."))

    def rate(self) -> dict[str, Any]:
        text = str(self.percent.data).replace(",", ".").removesuffix("%").strip()
        return {"name": self.name.data, "percent": Decimal(text)}


class TagForm(EditForm):
    name = StringField(_("Name"), [DataRequired(_("Type a name.")), at_most(40)])
    colour = RadioField(_("Colour"), choices=list(COLOURS.items()), default="grey")


GROUPS: dict[str, Callable[..., EditForm]] = {
    "sales": SalesForm,
    "berths": BerthsForm,
    "hours": HoursForm,
    "money": MoneyForm,
    "security": SecurityForm,
    "mail": MailForm,
    "registration": RegistrationSettingsForm,
}
