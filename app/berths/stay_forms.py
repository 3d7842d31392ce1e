"""Forms about the time of berths: other dates, another berth, absences, boats that were seen, free places."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Self

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, Field, HiddenField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, ValidationError

from ..current import member
from ..formats import local_day
from ..forms import Form, PickField, at_most
from ..measures import MeasureField
from ..money import currency_choices, read_amount
from ..vessels.models import Vessel
from ..vessels.models.finding import suggested as vessels_like
from .forms import BesideFitForm, SeenForm, StayForm, need_an_end
from .models import Absence, Occupancy
from .models.days import words_of
from .queries import berths_named


def berth_field(label: Any, *validators: Any, **kwargs: Any) -> PickField:
    return PickField(
        label,
        list(validators),
        find=lambda typed: berths_named(member, typed),
        near=lambda typed: [],
        nothing=_("No berth is called so."),
        **kwargs,
    )


def vessel_field(**kwargs: Any) -> PickField:
    return PickField(
        _("Vessel"),
        find=lambda typed: Vessel.named(member, typed),
        near=lambda typed: vessels_like(member, typed),
        **kwargs,
    )


def as_seen(found: Occupancy) -> str:
    """How a form remembers what the time and the berth of a stay were."""
    return f"{words_of(found.during)} {found.berth_id}"


class DatesForm(StayForm, BesideFitForm, SeenForm):
    """Other dates of a stay, and perhaps another berth; `quoted` is the price that was shown, `price` what is done
    about it."""

    berth = berth_field(_("Berth"), description=_("Dock and number, such as B 12. It stays where it is otherwise."))
    quoted = HiddenField()
    price = RadioField(_("Price"), choices=[("new", ""), ("keep", "")], validate_choice=False)

    def __init__(self, *args: Any, of: Occupancy, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept, self.kind = of.during, of.kind

    def validate_leaves(self, field: Field) -> None:
        super().validate_leaves(field)
        need_an_end(self, self.kind)


class RelocationForm(BesideFitForm):
    berth = berth_field(
        _("To berth"),
        DataRequired(_("Say to which berth the boat goes.")),
        description=_("Dock and number, such as B 12."),
    )


def read_percent(typed: str) -> Decimal:
    """Raises ValueError."""
    found = read_amount(typed.removesuffix("%").strip())
    if found > 100:
        raise ValueError(gettext("Between 0 and 100 percent."))
    return found


class AbsenceForm(StayForm, SeenForm):
    may_sublet = BooleanField(_("The berth may be sublet in that time"), default=True)
    credit_percent = MeasureField(
        _("Credit in percent"), read=read_percent, description=_("Of the price of a sublet, for the holder.")
    )
    credit = MeasureField(_("Or an amount"), read=read_amount)
    currency = SelectField(_("Currency"))
    note = StringField(_("In a few words"), [at_most(200)])

    def __init__(self, *args: Any, of: Absence | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = of.during if of else None
        self.arrives.label.text, self.leaves.label.text = _("Away from"), _("Back on")
        self.leaves.description = ""
        self.currency.choices = currency_choices(member.here().currency)

    @classmethod
    def opened(cls, absence: Absence) -> Self:
        kept = {name: getattr(absence, name) for name in ("may_sublet", "credit_percent", "credit", "currency", "note")}
        days = {"arrives": local_day(absence.begins_at), "leaves": local_day(absence.ends_at)}
        return cls(formdata=None, of=absence, data={**kept, **days, "was": str(absence.version)})

    def validate_leaves(self, field: Field) -> None:
        super().validate_leaves(field)
        if not field.data and not (self.kept and self.kept.upper is None):
            raise ValidationError(gettext("Say on which day they are back."))

    def validate_credit(self, field: MeasureField) -> None:
        if field.data and self.credit_percent.data:
            raise ValidationError(gettext("A percentage or an amount, not both."))

    def validate_currency(self, field: Field) -> None:
        if bool(field.data) != bool(self.credit.data) and not self.credit.errors:
            raise ValidationError(gettext("An amount and its currency go together."))

    def details(self) -> dict[str, Any]:
        return {
            "may_sublet": self.may_sublet.data,
            "credit_percent": self.credit_percent.value,
            "credit": self.credit.value,
            "currency": self.currency.data or None,
            "note": self.note.data or "",
        }


class SightingForm(Form):
    berth = berth_field(
        _("Berth"), DataRequired(_("Say on which berth it lies.")), description=_("Dock and number, such as B 12.")
    )
    name = StringField(
        _("What stands on the boat"), [at_most(120)], description=_("Its name or registration, as far as it is known.")
    )
    vessel = vessel_field(description=_("Where it is one that is known here."))
    note = StringField(_("Note"), [at_most(400)])

    def validate_name(self, field: Field) -> None:
        if not field.data and not self.vessel.data and not self.note.data:
            raise ValidationError(gettext("Say what is known: a name, a registration, or a note."))

    def prefill(self, berth: str) -> None:
        found = self.berth.find(f"· {berth}") if berth.isascii() and berth.isdigit() else []
        self.berth.data = f"{found[0].name} · {found[0].number}" if found else ""


class FreeForm(StayForm):
    """What somebody looks for: days, and a vessel that has to fit."""

    vessel = vessel_field(description=_("Only what it fits on is shown."))

    def validate_leaves(self, field: Field) -> None:
        super().validate_leaves(field)
        if not field.data:
            raise ValidationError(gettext("Say on which day it ends."))

    def days(self) -> tuple[date, date]:
        return date.fromisoformat(self.arrives.data), date.fromisoformat(self.leaves.data)
