from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Self, cast
from uuid import UUID

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf.file import FileRequired
from wtforms import BooleanField, DateField, Field, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, ValidationError

from ..berths.models import Occupancy
from ..berths.models.tenure import months_later
from ..clients.models import Client
from ..clients.models.finding import suggested
from ..current import member
from ..documents.models import TYPES as DOCUMENT_TYPES
from ..documents.models import DocumentType
from ..files.incoming import UploadField
from ..formats import local_day, today, zone
from ..forms import DayField, EditForm, Form, PickField, at_most
from ..measures import MeasureField
from ..money import currency_choices, read_amount
from ..vessels.models import Vessel
from ..vessels.models.finding import suggested as vessels_like
from ..vessels.models.reading import READERS
from .labels import LEADS, MEASURES, OUTCOMES, SOURCES, STAGES, TENURES
from .models import Outcome, Source
from .queries import berths_named, people

AMOUNTS = ("expected_value", "budget")
DAYS = ("expected_close_on", "wanted_from", "wanted_until")


def wanted(name: str, **kwargs: Any) -> MeasureField:
    return MeasureField(MEASURES[name], read=READERS[name], **kwargs)


class InterestForm(EditForm):
    source = SelectField(_("Source"), choices=SOURCES, default=Source.MANUAL)
    expected_value = MeasureField(_("Expected value"), read=read_amount)
    currency = SelectField(_("Currency"))
    expected_close_on = DayField(_("Closes on"), description=_("When the sale may be completed."))
    loa = wanted("loa", description=_("Of the boat. Metres such as 18.90, or feet such as 62'."))
    beam = wanted("beam")
    draft = wanted("draft")
    budget = MeasureField(_("Budget"), read=read_amount, description=_("What the client wants to spend."))
    tenure = SelectField(_("Tenure"), choices=TENURES)
    wanted_from = DayField(_("Wanted from"))
    wanted_until = DayField(_("Wanted until"), description=_("Empty where it has no end."))
    notes = TextAreaField(_("Wishes"), [at_most(4000)], description=_("What else the client said about it."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = kwargs["obj"].currency if kwargs.get("obj") else None
        self.currency.choices = currency_choices(member.here().currency, kept)

    def validate_currency(self, field: Field) -> None:
        if any(self[name].data for name in AMOUNTS) and not field.data:
            raise ValidationError(gettext("Say in which currency the amounts are."))

    def validate_expected_close_on(self, field: Field) -> None:
        four_digits(field)

    def validate_wanted_from(self, field: Field) -> None:
        four_digits(field)

    def validate_wanted_until(self, field: Field) -> None:
        four_digits(field)
        if field.data and self.wanted_from.data and field.data <= self.wanted_from.data:
            raise ValidationError(gettext("It ends before it begins."))

    def written(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The values as the model takes them."""
        found = dict(changes)
        for name in {*AMOUNTS, *MEASURES} & set(found):
            found[name] = Decimal(found[name]) if found[name] else None
        for name in set(DAYS) & set(found):
            found[name] = date.fromisoformat(found[name]) if found[name] else None
        for name in {"currency", "tenure"} & set(found):
            found[name] = found[name] or None
        return found


def four_digits(field: Field) -> None:
    if field.data and not "1990" <= field.data <= "2200":
        raise ValidationError(gettext("Write the year with four digits."))


def berth_field(**kwargs: Any) -> PickField:
    words = _("Its number, such as B 12.")
    return PickField(
        _("Berth"),
        find=berths_named,
        near=berths_named,
        nothing=_("No berth is called so."),
        description=words,
        **kwargs,
    )


class NewInterestForm(InterestForm):
    client = PickField(
        _("Client"),
        [DataRequired(_("Type a name or a number."))],
        find=lambda typed: Client.named(member, typed),
        near=lambda typed: suggested(member, typed),
        description=_("The beginning of the name, or the number of the client."),
    )
    vessel = PickField(
        _("Vessel"),
        find=lambda typed: Vessel.named(member, typed),
        near=lambda typed: vessels_like(member, typed),
    )
    berth = berth_field()

    def own(self) -> dict[str, Any]:
        """What was typed of the interest itself."""
        found = self.written({n: v for n, v in self.values().items() if n not in ("client", "vessel", "berth")})
        return found | {"vessel_id": self.vessel.record.id if self.vessel.record else None}


class BerthForm(Form):
    berth = berth_field(validators=[DataRequired(_("Type the number of the berth."))])


def override_field() -> StringField:
    words = _("Where it does not fit. It is kept with your name.")
    return StringField(_("Why there all the same"), [at_most(200)], description=words)


class StageForm(Form):
    stage = SelectField(_("Stage"), choices=STAGES)
    note = TextAreaField(
        _("Why"), [at_most(1000)], description=_("Needed on the way back; with a sale it is kept as its reason.")
    )
    waives = BooleanField(_("Do not wait for the deposit"))
    override = override_field()


class OutcomeForm(Form):
    outcome = SelectField(_("Outcome"), choices=[(value, label) for value, label in OUTCOMES if value != Outcome.WON])
    reason = TextAreaField(_("Why"), [DataRequired(_("Say why.")), at_most(1000)])


class AssigneeForm(Form):
    owner = SelectField(_("Owner"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner.choices = [("", gettext("Nobody")), *people(member)]

    def chosen(self) -> UUID | None:
        return UUID(self.owner.data) if self.owner.data else None


class LeadForm(Form):
    lead = SelectField(_("Lead"), choices=[("", _("from the activity")), *LEADS])


class DepositForm(Form):
    amount = MeasureField(_("Amount"), [DataRequired(_("Type an amount."))], read=read_amount)
    currency = SelectField(_("Currency"), [DataRequired(_("Choose a currency."))])
    received_on = DateField(_("Received on"), [DataRequired(_("Say on which day it came."))])
    reference = StringField(_("Reference"), [at_most(80)], description=_("As on the statement of the bank."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency.choices = currency_choices(member.here().currency)

    def validate_received_on(self, field: Field) -> None:
        if field.data and field.data > today():
            raise ValidationError(gettext("This day is still to come."))
        if field.data and field.data.year < 1990:
            raise ValidationError(gettext("Write the year with four digits."))

    def received(self) -> dict[str, Any]:
        """As the model takes it."""
        found = {"currency": self.currency.data, "received_on": self.received_on.data}
        return {"amount": self.amount.value, "reference": self.reference.data or "", **found}


class ReasonForm(Form):
    reason = TextAreaField(_("Why"), [DataRequired(_("Say why.")), at_most(1000)])


HOLD_DAYS = 14  # what is offered; long enough for a deposit to arrive


class HoldForm(Form):
    until = DateField(_("Held until"), [DataRequired(_("Say until which day it is held."))])
    override = override_field()

    def validate_until(self, field: Field) -> None:
        if field.data and not today() < field.data <= self.latest:
            raise ValidationError(gettext("Choose a day after today, within a year."))

    def fill(self, held: Occupancy | None) -> Self:
        """What suits: two weeks from now, or longer than it is held."""
        until = local_day(held.hold_expires_at) if held else None
        self.until.data = min(max(until or today(), today()) + timedelta(days=HOLD_DAYS), self.latest)
        return self

    @property
    def latest(self) -> date:
        return months_later(today(), 12)

    def moment(self) -> datetime:
        """The end of the working day there."""
        return datetime.combine(cast(date, self.until.data), time(18), zone(member.here().timezone))


class SignedForm(Form):
    type = SelectField(_("Document"), choices=DOCUMENT_TYPES, default=DocumentType.EOI)
    upload = UploadField(_("The signed document"), [FileRequired(_("Choose a file first."))])
