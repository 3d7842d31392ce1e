"""What the forms of waiting lists send."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy.dialects.postgresql import Range
from wtforms import BooleanField, Field, HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, NumberRange, ValidationError

from ..berths.models.days import stay
from ..clients.models import Client
from ..current import member
from ..formats import today
from ..forms import DayField, EditForm, Form, PickField, at_most
from ..measures import MeasureField, read_length
from ..vessels.models import Vessel
from .labels import AFTER_NO, CLASSES, ORDERS, TENURES
from .models import AfterNo, Order, PriorityClass
from .queries import berths_named, dock_choices, harbour_choices


def text_of(value: Any) -> str:
    return str(value) if value else ""


def client_field() -> PickField:
    return PickField(
        _("Client"),
        [DataRequired(_("Say who waits."))],
        find=lambda typed: Client.named(member, typed),
        near=lambda typed: [],
        description=_("The beginning of the name, or the number."),
    )


class ListForm(EditForm):
    name = StringField(
        _("Name"),
        [DataRequired(_("Type the name of the list.")), at_most(100)],
        description=_("Such as “Harbour North, 3.0 to 3.5 m”."),
    )
    tenure = SelectField(_("Tenure"), choices=TENURES, default="annual")
    order = SelectField(_("Order"), choices=ORDERS, default=Order.DATE)
    offer_days = IntegerField(
        _("Days to answer"),
        [InputRequired(_("Say how many days.")), NumberRange(1, 365, _("Between 1 and 365 days."))],
        default=7,
    )
    after_no = SelectField(_("Who declines, or does not answer"), choices=AFTER_NO, default=AfterNo.LEAVES)
    offers_next = BooleanField(_("Then offer the berth to the next one by itself"), default=True)


class NewListForm(ListForm):
    """For which berths it is stays as it was made: people wait for that."""

    harbour_id = SelectField(_("Harbour"), coerce=text_of)
    dock_id = SelectField(_("Dock"), coerce=text_of)
    berth = PickField(
        _("One berth"),
        find=lambda typed: berths_named(member, typed),
        near=lambda typed: [],
        nothing=_("No berth is called so."),
        description=_("Such as B 12."),
    )
    over_width = MeasureField(_("Wider than"), read=read_length, description=_("Width of the berth in metres."))
    up_to_width = MeasureField(_("Up to a width of"), read=read_length)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.harbour_id.choices = [("", gettext("Any")), *harbour_choices(member)]
        self.dock_id.choices = [("", gettext("Any")), *dock_choices(member)]

    def validate_up_to_width(self, field: MeasureField) -> None:
        over = self.over_width.value if not self.over_width.errors else None
        if field.value is not None and over is not None and field.value <= over:
            raise ValidationError(gettext("This has to be more than the width above."))

    def written(self) -> dict[str, Any]:
        kept = {name: self[name].data for name in ("name", "tenure", "order", "offer_days", "after_no", "offers_next")}
        ids = {name: uuid.UUID(self[name].data) if self[name].data else None for name in ("harbour_id", "dock_id")}
        widths = {name: self[name].value for name in ("over_width", "up_to_width")}
        return {**kept, **ids, **widths, "berth_id": self.berth.record.id if self.berth.record else None}


class EntryForm(Form):
    client = client_field()
    vessel = PickField(
        _("Vessel"),
        find=lambda typed: Vessel.named(member, typed),
        near=lambda typed: [],
        description=_("Whether a berth fits is told from its measures."),
    )
    loa = MeasureField(_("Length"), read=read_length)
    beam = MeasureField(_("Beam"), read=read_length)
    draft = MeasureField(_("Draft"), read=read_length)
    air_draft = MeasureField(_("Air draft"), read=read_length)
    priority_class = SelectField(_("Class"), choices=CLASSES, default=PriorityClass.OTHER)
    notes = TextAreaField(_("Notes"), [at_most(4000)])

    def prefill(self, asked: Mapping[str, str]) -> None:
        found = self.client.find(asked["client"]) if asked.get("client") else []
        self.client.data = f"{found[0].full_name} · {found[0].number}" if found else ""

    def written(self) -> dict[str, Any]:
        sizes = {name: self[name].value for name in ("loa", "beam", "draft", "air_draft")}
        return {**sizes, "priority_class": self.priority_class.data, "notes": self.notes.data or ""}


class OfferForm(Form):
    berth = PickField(
        _("Berth"),
        [DataRequired(_("Say which berth."))],
        find=lambda typed: berths_named(member, typed),
        near=lambda typed: [],
        nothing=_("No berth is called so."),
        description=_("Such as B 12."),
    )
    arrives = DayField(_("From"), [DataRequired(_("Say from which day."))], description=_("Boats change at noon."))
    leaves = DayField(_("Until"), description=_("Empty where it has no end."))
    to = HiddenField()
    reason = StringField(
        _("Why somebody is passed over"), [at_most(200)], description=_("It is kept in the history of whoever is.")
    )

    def validate_arrives(self, field: Field) -> None:
        four_digits(field)

    def validate_leaves(self, field: Field) -> None:
        four_digits(field)
        if field.data and self.arrives.data and field.data <= self.arrives.data:
            raise ValidationError(gettext("It ends before it begins."))

    def prefill(self, asked: Mapping[str, str]) -> None:
        found = self.berth.find(asked["berth"]) if asked.get("berth") else []
        if len(found) == 1:
            self.berth.data, self.berth.record = f"{found[0].name} · {found[0].number}", found[0]
        self.arrives.data = day_in(asked.get("arrives", "")) or today().isoformat()
        self.leaves.data, self.to.data = day_in(asked.get("leaves", "")), asked.get("to", "")

    def during(self) -> Range[datetime]:
        leaves = date.fromisoformat(self.leaves.data) if self.leaves.data else None
        return stay(date.fromisoformat(self.arrives.data), leaves)


def day_in(asked: str) -> str:
    """What is no day stays empty."""
    with suppress(ValueError):
        return date.fromisoformat(asked).isoformat()
    return ""


def four_digits(field: Field) -> None:
    if field.data and not "1990" <= field.data <= "2200":
        raise ValidationError(gettext("Write the year with four digits."))


class ReasonForm(Form):
    reason = StringField(_("Why"), [at_most(200)])


class ClassForm(Form):
    priority_class = SelectField(_("Class"), choices=CLASSES)
    reason = StringField(_("Why"), [DataRequired(_("Say why, since others stand behind for it.")), at_most(200)])
