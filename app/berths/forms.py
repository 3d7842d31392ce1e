from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from operator import itemgetter
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.dialects.postgresql import Range
from wtforms import BooleanField, Field, HiddenField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, NumberRange, Optional, StopValidation, ValidationError

from ..clients.models import Client
from ..clients.models.finding import suggested
from ..current import member
from ..events.timeline import timeline
from ..formats import format_datetime, in_force, today, zone
from ..forms import DayField, EditForm, Form, PickField, at_most, last_changes
from ..measures import BEAM, DRAFT, HEIGHT, LENGTH, MeasureField, read_length
from ..money import currency_choices, read_amount
from ..vessels.models import Vessel
from ..vessels.models.finding import suggested as vessels_like
from .labels import KINDS, MEASURES, MOORINGS, PERIODS, PHASES, SIDES, STATUSES, TENURES, TIERS
from .models import Berth, MooringKind, OccupancyKind, PricePeriod, Tenure
from .models.berth import DIMENSIONS, contradiction
from .models.days import stay
from .models.occupancy_kind import OF_CLIENTS, OPEN_ENDED
from .queries import dock_choices, harbour_choices

LIMITS = {"min_loa": LENGTH, "max_loa": LENGTH, "max_beam": BEAM, "depth": DRAFT, "max_height": HEIGHT}
NUMBER = r"\d{1,3}(?:[.,]\d{1,20})?"
DEGREES = re.compile(
    rf"(?P<sign>[-−]?)(?P<degrees>{NUMBER})\s*"
    rf"(?:[°\s]\s*(?:(?P<minutes>{NUMBER})\s*(?:['′\s]\s*(?:(?P<seconds>{NUMBER})\s*[\"″]?)?)?)?)?\s*(?P<side>[NSEWnsew]?)"
)
MILLIONTH = Decimal("0.000001")


def measure(name: str, **kwargs: Any) -> MeasureField:
    return MeasureField(MEASURES[name], read=partial(read_length, limit=LIMITS[name]), **kwargs)


def text_of(value: Any) -> str:
    return "" if value is None else str(value)


def read_degrees(typed: str, most: int) -> Decimal:
    """Degrees, north and east positive; minutes and seconds may follow, and a letter for the side. `most`: 90 of
    latitudes, 180 of longitudes. Raises ValueError."""
    found = DEGREES.fullmatch(typed.strip())
    value = _degrees(found, "NS" if most == 90 else "EW") if found else None
    if value is None:
        example = "60.154810, 60° 09.289′ N"
        raise ValueError(gettext("Write degrees such as %(example)s; south and west with a minus.", example=example))
    if abs(value) > most:
        raise ValueError(gettext("Between -%(most)d and %(most)d degrees.", most=most))
    return value


def _degrees(found: re.Match[str], sides: str) -> Decimal | None:
    """None where a part has 60 or more, or a fraction and smaller parts, or where sign or letter make no sense."""
    parts = [Decimal(part.replace(",", ".")) for part in found.group("degrees", "minutes", "seconds") if part]
    side = found["side"].upper()
    if any(part >= 60 for part in parts[1:]) or any(part % 1 for part in parts[:-1]):
        return None
    if side and (side not in sides or found["sign"]):
        return None
    value = sum((part / 60**place for place, part in enumerate(parts)), Decimal(0)).quantize(MILLIONTH)
    return -value if found["sign"] or side in ("S", "W") else value


class DegreesField(StringField):
    """Decimal degrees; `data` is the same with six digits and a point, or empty."""

    data: Any

    def __init__(self, label: Any, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(label, *args, **kwargs)
        self.most = most

    def process_data(self, value: Any) -> None:
        self.data = f"{value:f}" if value is not None else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            self.data = str(valuelist[0]).replace("\x00", "").strip()
            if self.data:
                self.data = f"{read_degrees(self.data, self.most):f}"


class PlacedForm(EditForm):
    """What has coordinates."""

    latitude = DegreesField(_("Latitude"), [at_most(40)], most=90)
    longitude = DegreesField(_("Longitude"), [at_most(40)], most=180)

    def validate_longitude(self, field: Field) -> None:
        if bool(field.data) != bool(self.latitude.data) and not self.latitude.errors:
            raise ValidationError(gettext("Latitude and longitude go together."))

    def written(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The values as the model takes them."""
        found = dict(changes)
        for name in {"latitude", "longitude"} & set(found):
            found[name] = Decimal(found[name]) if found[name] else None
        return found


class HarbourForm(PlacedForm):
    name = StringField(_("Name"), [DataRequired(_("Type the name of the harbour.")), at_most(100)])
    address = StringField(_("Address"), [at_most(200)])
    postcode = StringField(_("Postcode"), [at_most(20)])
    region = StringField(_("Region"), [at_most(60)])


ON_PLAN = [Optional(), NumberRange(0, 5000, _("Between 0 and 5000 metres."))]


def _is_typed(field: Field) -> bool:
    return bool(field.raw_data and field.raw_data[0].strip())


def _with_left(form: Any, field: Field) -> None:
    if _is_typed(field) != _is_typed(form.plan_x):
        field.errors = []
        raise StopValidation(gettext("Left and top go together."))


class DockForm(PlacedForm):
    harbour_id = SelectField(_("Harbour"), coerce=text_of)
    name = StringField(
        _("Name"), [DataRequired(_("Type the name of the dock.")), at_most(60)], description=_("Such as B.")
    )
    price_tier = SelectField(
        _("Price tier"), choices=TIERS, coerce=text_of, description=_("The column of the price list its berths are in.")
    )
    has_power = BooleanField(_("Electricity"))
    has_water = BooleanField(_("Water"))
    has_gate = BooleanField(_("Gate"))
    has_lighting = BooleanField(_("Lighting"))
    plan_x = IntegerField(_("Metres from the left of the map"), ON_PLAN)
    plan_y = IntegerField(_("Metres from the top of the map"), [_with_left, *ON_PLAN])
    plan_turn = IntegerField(
        _("Turned by degrees"),
        [Optional(), NumberRange(0, 359, _("Between 0 and 359 degrees."))],
        description=_("Clockwise. At 0 the dock runs to the right, at 90 down."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.harbour_id.choices = harbour_choices(member, kept=kwargs.get("obj"))

    def written(self, changes: dict[str, Any]) -> dict[str, Any]:
        found = super().written(changes)
        if "harbour_id" in found:
            found["harbour_id"] = uuid.UUID(found["harbour_id"])
        if "price_tier" in found:
            found["price_tier"] = int(found["price_tier"]) if found["price_tier"] else None
        return found


class BerthForm(EditForm):
    dock_id = SelectField(_("Dock"), coerce=text_of)
    code = StringField(
        _("Berth number"),
        [DataRequired(_("Type the number of the berth.")), at_most(20)],
        description=_("As it is painted on the dock."),
    )
    side = SelectField(_("Side of the dock"), choices=SIDES, id="dock-side")
    mooring = SelectField(_("Mooring"), choices=MOORINGS, default=MooringKind.FINGER)
    max_loa = measure("max_loa", description=_("Metres such as 12.00, or feet such as 40' or 39'4\"."))
    max_beam = measure("max_beam")
    min_loa = measure("min_loa", description=_("Shorter boats are not put here."))
    depth = measure("depth")
    sounded_on = DayField(_("Sounded on"))
    datum = StringField(_("Datum"), [at_most(40)], description=_("What the depth is measured from, such as N2000."))
    max_height = measure("max_height", description=_("Under a bridge or a crane."))
    tenure = SelectField(_("Tenure"), choices=TENURES, default=Tenure.ANNUAL)
    tenure_expires_on = DayField(_("Tenure expires"), description=_("The last day of it."))
    price = MeasureField(_("Price"), read=read_amount)
    currency = SelectField(_("Currency"))
    price_period = SelectField(_("Price for"), choices=PERIODS, default=PricePeriod.ANNUAL)
    power_amps = IntegerField(
        _("Shore power in amperes"), [Optional(), NumberRange(1, 2000, _("Between 1 and 2000 amperes."))]
    )
    power_phases = SelectField(_("Phases"), choices=PHASES, coerce=text_of)
    has_water = BooleanField(_("Water"))
    has_fuel = BooleanField(_("Fuel"))
    notes = TextAreaField(_("Notes"), [at_most(4000)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        berth: Berth | None = kwargs.get("obj")
        self.dock_id.choices = dock_choices(member, kept=berth)
        self.currency.choices = currency_choices(member.here().currency, berth.currency if berth else None)

    def validate(self, extra_validators: Any = None) -> bool:
        """And, once each is right by itself, whether they go together."""
        if not super().validate(extra_validators):
            return False
        if wrong := contradiction(self.data):
            name, text = wrong
            self[name].errors = [text]
        return wrong is None

    def validate_sounded_on(self, field: Field) -> None:
        if field.data and date.fromisoformat(field.data) > today():
            raise ValidationError(gettext("This day is still to come."))

    def written(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The values as the model takes them."""
        found = dict(changes)
        readers: dict[str, Callable[[str], Any]] = {
            "dock_id": uuid.UUID,
            **dict.fromkeys((*DIMENSIONS, "price"), Decimal),
            **dict.fromkeys(("sounded_on", "tenure_expires_on"), date.fromisoformat),
            "currency": str,
            "power_phases": int,
        }
        for name, read in readers.items():
            if name in found:
                found[name] = read(found[name]) if found[name] else None
        return found


class SeenForm(Form):
    """`was`: how it stood when the form was opened; where it stands otherwise by now, somebody was faster. `FASTER`:
    how that is said, where it is known who, and where not."""

    was = HiddenField()
    FASTER = (
        _("%(who)s changed it on %(time)s: %(now)s. Save again to have it as you typed it."),
        _("Somebody changed it meanwhile: %(now)s. Save again to have it as you typed it."),
    )

    def tell_if_overtaken(self, record: Any, fields: Sequence[str], *, present: str, words: str) -> bool:
        """Then the form tells of it, and sent again it counts. `fields`: by whose change it is, every one's where there
        are none; `words`: how the record stands now."""
        if (self.was.data or "") == present:
            return False
        last = max(_changes_of(record, fields), key=itemgetter(1), default=None)
        told = {"who": last[0], "time": format_datetime(last[1])} if last else {}
        self.form_errors = [str(self.FASTER[0 if last else 1]) % {"now": words, **told}]
        self.was.data = present
        return True


def _changes_of(record: Any, fields: Sequence[str]) -> list[tuple[str, datetime]]:
    if fields:
        return list(last_changes(record, fields).values())
    return [(one.who, one.at) for one in timeline(record.subject_type, record.id, limit=1)]


class StayForm(Form):
    """The days of a stay: boats change at noon, so one leaves on the day on which another arrives. `kept`: the time
    that it has until now, where it has one."""

    kept: Range[datetime] | None = None

    arrives = DayField(
        _("Arrives"), [DataRequired(_("Say on which day it begins."))], description=_("Boats change at noon.")
    )
    leaves = DayField(_("Leaves"), description=_("Empty where nobody knows."))

    def validate_arrives(self, field: Field) -> None:
        four_digits(field)

    def validate_leaves(self, field: Field) -> None:
        four_digits(field)
        if field.data and self.arrives.data and not self.arrives.errors:
            try:
                self.during()
            except ValueError as error:
                raise ValidationError(str(error)) from error

    def during(self) -> Range[datetime]:
        """Raises ValueError where it ends before it begins."""
        leaves = date.fromisoformat(self.leaves.data) if self.leaves.data else None
        return stay(date.fromisoformat(self.arrives.data), leaves, kept=self.kept)


def need_an_end(form: StayForm, kind: str) -> None:
    """Of some kinds nobody needs to know the end, and what had none until now may go on so."""
    goes_on = form.kept is not None and form.kept.upper is None
    if not form.leaves.data and kind not in OPEN_ENDED and not goes_on:
        raise ValidationError(gettext("Say on which day it ends."))


def four_digits(field: Field) -> None:
    if field.data and not "1990" <= field.data <= "2200":
        raise ValidationError(gettext("Write the year with four digits."))


class BesideFitForm(Form):
    """A vessel may be put where it does not fit, by who may and with a reason."""

    override = StringField(_("Why all the same"), [at_most(200)], description=_("It is kept with your name."))

    def overrides(self) -> bool:
        return bool(self.override.data) and member.can("berths.edit")


class OccupancyForm(StayForm, BesideFitForm):
    """`listed` is the price of the list that was shown, `charge` what is done about it where none is typed."""

    kind = SelectField(_("What for"), choices=KINDS, default=OccupancyKind.VISIT)
    vessel = PickField(
        _("Vessel"),
        find=lambda typed: Vessel.named(member, typed),
        near=lambda typed: vessels_like(member, typed),
        description=_("The beginning of its name, or its number. Whoever owns it is whose stay it is."),
    )
    client = PickField(
        _("Client"),
        find=lambda typed: Client.named(member, typed),
        near=lambda typed: suggested(member, typed),
        description=_("Where it is not the owner of the vessel."),
    )
    title = StringField(_("In a few words"), [at_most(120)], description=_("What is repaired, or why it is held."))
    held_until = DayField(
        _("Held until"), description=_("Of a hold: from the evening of this day on the berth is free again.")
    )
    price = MeasureField(_("Price"), read=read_amount)
    currency = SelectField(_("Currency"))
    listed = HiddenField()
    charge = RadioField(_("Price"), choices=[("listed", ""), ("none", "")], validate_choice=False)
    notes = TextAreaField(_("Notes"), [at_most(4000)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency.choices = currency_choices(member.here().currency)

    def validate_held_until(self, field: Field) -> None:
        four_digits(field)
        if self.kind.data != OccupancyKind.HOLD:
            return
        if not field.data:
            raise ValidationError(gettext("Say until which day it is held."))
        if date.fromisoformat(field.data) <= today():
            raise ValidationError(gettext("Choose a day after today."))
        if self.leaves.data and not self.leaves.errors and field.data > self.leaves.data:
            raise ValidationError(
                gettext("A berth is not held longer than its days: choose the last of them or earlier.")
            )

    def validate_client(self, field: PickField) -> None:
        if self.kind.data in OF_CLIENTS and not field.data and not self.vessel.data:
            raise ValidationError(gettext("Say whose stay it is: a vessel or a client."))

    def validate_leaves(self, field: Field) -> None:
        super().validate_leaves(field)
        need_an_end(self, self.kind.data)

    def validate_currency(self, field: Field) -> None:
        price_and_currency(self)

    def prefill(self, asked: Mapping[str, str]) -> None:
        """From the address of a link; what is no day stays empty."""
        if asked.get("kind") in dict(KINDS):
            self.kind.data = asked["kind"]
        for name in ("arrives", "leaves", "held_until"):
            with suppress(ValueError):
                self[name].data = date.fromisoformat(asked.get(name, "")).isoformat()
        for name, called in (("vessel", "name"), ("client", "full_name")):
            found = self[name].find(asked[name]) if asked.get(name) else []
            self[name].data = f"{getattr(found[0], called)} · {found[0].number}" if found else ""
            self[name].record = found[0] if found else None

    def details(self) -> dict[str, Any]:
        """What the verb takes besides."""
        return {
            "title": self.title.data or "",
            "notes": self.notes.data or "",
            "price": self.price.value,
            "currency": self.currency.data or None,
            "hold_expires_at": self.expiry(),
        }

    def expiry(self) -> datetime | None:
        """Of a hold: the end of the working day there."""
        if self.kind.data != OccupancyKind.HOLD:
            return None
        return datetime.combine(date.fromisoformat(self.held_until.data), time(18), zone(in_force().timezone))


def price_and_currency(form: Any) -> None:
    if bool(form.currency.data) != bool(form.price.data) and not form.price.errors:
        raise ValidationError(gettext("A price and its currency go together."))


class MaintenanceForm(EditForm):
    what = StringField(_("What is done"), [DataRequired(_("Say what is done.")), at_most(120)])
    notes = TextAreaField(_("Notes"), [at_most(4000)])
    cost = MeasureField(_("Cost"), read=read_amount)

    def written(self, changes: dict[str, Any], currency: str) -> dict[str, Any]:
        """The values as the model takes them; a cost is in this currency."""
        found = dict(changes)
        if "cost" in found:
            found["cost"] = Decimal(found["cost"]) if found["cost"] else None
            found["currency"] = currency if found["cost"] is not None else None
        return found


class NewMaintenanceForm(MaintenanceForm):
    """With the time that it takes of the berth, for who may book."""

    begins = DayField(_("Takes the berth from"), description=_("Empty where boats may lie there meanwhile."))
    ends = DayField(_("Until"), description=_("Empty where nobody knows."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not member.can("berths.manage_reservations"):
            del self.begins, self.ends

    def validate_begins(self, field: Field) -> None:
        four_digits(field)
        if self.ends.data and not field.data:
            raise ValidationError(gettext("Say on which day it begins."))

    def validate_ends(self, field: Field) -> None:
        four_digits(field)
        if field.data and self.begins.data and field.data <= self.begins.data:
            raise ValidationError(gettext("It ends before it begins."))

    def during(self) -> Range[datetime] | None:
        if "begins" not in self or not self.begins.data:
            return None
        ends = date.fromisoformat(self.ends.data) if self.ends.data else None
        return stay(date.fromisoformat(self.begins.data), ends)

    def own(self) -> dict[str, Any]:
        """What was typed of the entry itself."""
        return {name: value for name, value in self.values().items() if name not in ("begins", "ends")}


class StatusForm(Form):
    status = SelectField(_("Status"), choices=STATUSES)
    note = StringField(_("Why"), [at_most(200)])
