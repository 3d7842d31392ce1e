from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf.file import FileField, FileRequired
from sqlalchemy import or_
from wtforms import BooleanField, Field, SelectField, StringField
from wtforms.validators import DataRequired, ValidationError

from ..berths.models import Harbour
from ..current import member
from ..db import db
from ..forms import DayField, EditForm, Form, at_most
from ..measures import Limit, MeasureField, read_length
from ..money import currency_choices, read_amount
from ..tables.reading import NotATable, refuse_early
from .labels import MEASURES, MOORINGS, ROUNDINGS, TERMS, TIERS
from .models import Measure, PriceLine, PriceList, Term
from .models.price_line import ANY_TIER, band_words
from .models.price_list import values_of

DECIMAL = re.compile(r"\d{1,6}(?:[.,]\d{1,4})?")
CENT = Decimal("0.01")
SIZE = Limit(Decimal(200), _("%(given)s is more than any berth has; perhaps %(meant)s was meant"))
# What price lists write where they mean no end.
ENDLESS = Decimal(999)
LARGEST_AREA = Decimal(99_999)


def read_decimal(typed: str, *, least: Decimal, most: Decimal, unit: str = "") -> Decimal:
    """Raises ValueError."""
    plain = typed.removesuffix(unit).strip() if unit else typed.strip()
    if not DECIMAL.fullmatch(plain):
        raise ValueError(gettext("Write a number such as 25.5."))
    value = Decimal(plain.replace(",", ".")).quantize(CENT)
    if not least <= value <= most:
        raise ValueError(gettext("From %(least)s to %(most)s.", least=least, most=most))
    return value


def read_bound(typed: str, *, is_area: bool = False) -> Decimal:
    """The end of a band, in metres or feet; of an area in square metres. Raises ValueError."""
    if is_area:
        return read_decimal(typed, least=Decimal(0), most=LARGEST_AREA, unit="m²")
    if re.fullmatch(r"0*(?:[.,]0+)?|999(?:[.,]\d+)?", typed):
        return Decimal(typed.replace(",", "."))
    return read_length(typed, SIZE)


def read_per_cent(typed: str) -> Decimal:
    return read_decimal(typed, least=Decimal(0), most=Decimal(100), unit="%")


def read_change(typed: str) -> Decimal:
    """By how many per cent prices rise, or fall with a minus. Raises ValueError."""
    plain = typed.replace("−", "-").strip().removeprefix("+")
    is_less = plain.startswith("-")
    value = read_decimal(plain.removeprefix("-"), least=Decimal(0), most=Decimal(90), unit="%")
    return -value if is_less else value


class ChangeField(MeasureField):
    """Per cent that may be less than nothing, or nothing."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata(valuelist)
        self.data = self.data or "0.00"


def in_cents(value: Any) -> str:
    return f"{Decimal(value):.2f}"


class PriceListForm(EditForm):
    name = StringField(
        _("Name"),
        [DataRequired(_("Type a name, such as Berths 2027.")), at_most(100)],
        description=_("As you call it."),
    )
    season = StringField(_("Season"), [at_most(60)], description=_("Such as summer 2027, where it is not all year."))
    valid_from = DayField(
        _("From"), [DataRequired(_("Say from which day."))], description=_("The first day on a berth that it prices.")
    )
    valid_until = DayField(_("Until"), description=_("The last one. Empty: until another list follows."))
    currency = SelectField(_("Currency"))
    tax_rate = MeasureField(_("Tax in per cent"), read=read_per_cent)
    tax_included = BooleanField(_("Prices include the tax"), default=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found: PriceList | None = kwargs.get("obj")
        offered = currency_choices(member.here().currency, found.currency if found else None)
        self.currency.choices = offered[1:]

    def validate_valid_from(self, field: Field) -> None:
        four_digits(field)

    def validate_valid_until(self, field: Field) -> None:
        four_digits(field)
        if field.data and self.valid_from.data and field.data < self.valid_from.data:
            raise ValidationError(gettext("It ends before it begins."))

    def written(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the model takes them."""
        found = dict(changes)
        for name in {"valid_from", "valid_until"} & set(found):
            found[name] = date.fromisoformat(found[name]) if found[name] else None
        if "tax_rate" in found:
            found["tax_rate"] = Decimal(found["tax_rate"] or 0)
        return found


def four_digits(field: Field) -> None:
    if field.data and not "1990" <= field.data <= "2200":
        raise ValidationError(gettext("Write the year with four digits."))


class CopyForm(Form):
    name = StringField(_("Name"), [DataRequired(_("Type a name, such as Berths 2027.")), at_most(100)])
    season = StringField(_("Season"), [at_most(60)])
    valid_from = DayField(_("From"), [DataRequired(_("Say from which day."))])
    valid_until = DayField(_("Until"), description=_("Empty: until another list follows."))
    per_cent = ChangeField(
        _("Dearer by per cent"),
        read=read_change,
        description=_("Such as 3.5, or -2 for cheaper. Each price is rounded as its line says."),
    )

    validate_valid_from = PriceListForm.validate_valid_from
    validate_valid_until = PriceListForm.validate_valid_until

    def fields(self) -> dict[str, Any]:
        days = {name: self[name].data for name in ("valid_from", "valid_until")}
        read = {name: date.fromisoformat(day) if day else None for name, day in days.items()}
        return {"name": self.name.data, "season": self.season.data or "", **read}


class BandForm(Form):
    """What stands in a row of the table of lines. An empty end is none."""

    above = MeasureField(_("Over"), read=read_bound)
    up_to = MeasureField(_("Up to"), read=read_bound)
    tier = SelectField(_("Tier"), choices=TIERS, coerce=lambda value: str(value or ANY_TIER), default="0")
    amount = MeasureField(_("Price"), [DataRequired(_("Type a price."))], read=read_amount)

    def __init__(self, *args: Any, measure: str = Measure.BERTH_WIDTH, **kwargs: Any) -> None:
        self._measure = measure
        super().__init__(*args, **kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        for name in ("above", "up_to"):
            self._fields[name].read = partial(read_bound, is_area=self._measure == Measure.AREA)
        super().process(*args, **kwargs)

    def validate_up_to(self, field: MeasureField) -> None:
        if self.above.errors or field.value is None:
            return
        if field.value <= (self.above.value or 0):
            raise ValidationError(gettext("It ends before it begins."))

    def band(self) -> dict[str, Any]:
        end = self.up_to.value
        return {
            "above": self.above.value or Decimal(0),
            "up_to": None if end is None or (self._measure != Measure.AREA and end >= ENDLESS) else end,
            "tier": int(self.tier.data),
            "amount": self.amount.value,
        }


class RowForm(BandForm):
    """A line that is there: changed in its row, or taken out."""

    remove = BooleanField(_("Remove"))

    def __init__(self, line: PriceLine, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, obj=line, prefix=f"{line.id}-", measure=line.measure, **kwargs)
        self.line = line

    def present(self) -> dict[str, Any]:
        return values_of(self.line)

    def words(self) -> str:
        """The band as it was typed."""
        band = self.band()
        return band_words(self.line.measure, band["above"], band["up_to"])


class LineForm(BandForm):
    """All of a line."""

    term = SelectField(_("For"), choices=TERMS, default=Term.ANNUAL)
    measure = SelectField(
        _("By"), choices=MEASURES, default=Measure.BERTH_WIDTH, description=_("What the bands go by.")
    )
    harbour_id = SelectField(_("Harbour"), coerce=lambda value: str(value or ""))
    mooring = SelectField(_("Mooring"), choices=[("", _("Every mooring")), *MOORINGS])
    is_per_unit = BooleanField(
        _("For each metre"), description=_("The price is multiplied with the metres, or square metres.")
    )
    hull_coefficient = MeasureField(
        _("Multihulls, times"),
        read=partial(read_decimal, least=Decimal("0.1"), most=Decimal("9.99")),
        description=_("Such as 1.5 for catamarans and trimarans."),
    )
    rounding = SelectField(_("Rounded to"), choices=ROUNDINGS, default="0.01", coerce=in_cents)
    minimum = MeasureField(_("At least"), read=read_amount)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.harbour_id.choices = [("", gettext("Every harbour")), *harbour_choices(kwargs.get("obj"))]

    def validate_measure(self, field: Field) -> None:
        if field.data == Measure.FLAT and (self.above.data or self.up_to.data):
            raise ValidationError(
                gettext("What is the same for every size has no bands: leave “over” and “up to” empty.")
            )

    def validate_is_per_unit(self, field: Field) -> None:
        if field.data and self.measure.data == Measure.FLAT:
            raise ValidationError(gettext("Choose by which metres."))

    def fields(self) -> dict[str, Any]:
        """The values as the model takes them."""
        return {
            **self.band(),
            "term": self.term.data,
            "measure": self.measure.data,
            "harbour_id": uuid.UUID(self.harbour_id.data) if self.harbour_id.data else None,
            "mooring": self.mooring.data,
            "is_per_unit": bool(self.is_per_unit.data),
            "hull_coefficient": self.hull_coefficient.value or Decimal(1),
            "rounding": Decimal(self.rounding.data),
            "minimum": self.minimum.value or Decimal(0),
        }


def harbour_choices(line: PriceLine | None) -> list[tuple[str, str]]:
    """Those in use, and the one the line is for."""
    is_offered = or_(Harbour.archived_at.is_(None), Harbour.id == (line.harbour_id if line else None))
    found = Harbour.visible_to(member).where(is_offered).order_by(Harbour.sort_name, Harbour.id)
    return [(str(one.id), one.name) for one in db.session.scalars(found)]


class LinesFileForm(Form):
    file = FileField(
        _("Price list as CSV or XLSX"),
        [FileRequired(_("Choose a file first."))],
        description=_("Columns: category, width_over_m, width_up_to_m and a price for each tier (tier_1, tier_2 …)."),
    )
    term = SelectField(_("Its prices are"), choices=TERMS, default=Term.ANNUAL)
    replaces = BooleanField(_("Take out what this list has for the term besides"))

    def validate_file(self, field: Field) -> None:
        try:
            refuse_early(field.data.stream, field.data.filename or "")
        except NotATable as error:
            raise ValidationError(str(error)) from error
