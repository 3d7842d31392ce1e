from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import DateField, Field, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, NumberRange, Optional, ValidationError

from ..clients.models import Client
from ..clients.models.finding import suggested
from ..current import member
from ..files.content import Content
from ..files.incoming import UploadField, keep
from ..formats import today
from ..forms import CountryField, DayField, EditForm, Form, PickField, at_most
from ..measures import MeasureField
from ..money import currency_choices, read_amount
from .labels import DIMENSIONS, DOCUMENT_KINDS, KINDS, PHASES
from .models import DocumentKind, Vessel, VesselKind
from .models.dimensions import DECLARED, NAMES
from .models.reading import READERS, imo_number, mmsi_number


def measure(name: str, **kwargs: Any) -> MeasureField:
    return MeasureField(DIMENSIONS[name], read=READERS[name], **kwargs)


class VesselForm(EditForm):
    name = StringField(_("Name"), [DataRequired(_("Type the name of the vessel.")), at_most(120)])
    kind = SelectField(_("Kind"), choices=KINDS, default=VesselKind.SAIL)
    flag = CountryField(_("Flag"))
    registration = StringField(_("Registration"), [at_most(40)])
    imo = StringField(_("IMO number"), [at_most(20)], description=_("Seven digits; most yachts have none."))
    mmsi = StringField(_("MMSI"), [at_most(20)], description=_("Nine digits, of the radio."))
    loa_declared = measure("loa", description=_("Over all. Metres such as 18.90, or feet such as 62' or 23'10\"."))
    beam_declared = measure("beam")
    draft_declared = measure("draft")
    air_draft_declared = measure("air_draft", description=_("From the water to the top of the mast."))
    displacement_declared = measure("displacement", description=_("In tonnes."))
    power_amps = IntegerField(
        _("Power need in amperes"), [Optional(), NumberRange(1, 2000, _("Between 1 and 2000 amperes."))]
    )
    power_phases = SelectField(_("Phases"), choices=PHASES, coerce=lambda value: "" if value is None else str(value))

    def validate_imo(self, field: Field) -> None:
        _read(field, imo_number)

    def validate_mmsi(self, field: Field) -> None:
        _read(field, mmsi_number)

    def written(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The values as the model takes them."""
        found = dict(changes)
        for name in set(DECLARED) & set(found):
            found[name] = Decimal(found[name]) if found[name] else None
        if "power_phases" in found:
            found["power_phases"] = int(found["power_phases"]) if found["power_phases"] else None
        return found


def _read(field: Field, reader: Any) -> None:
    try:
        field.data = reader(field.data) if field.data else ""
    except ValueError as error:
        raise ValidationError(str(error)) from error


def owner_field() -> PickField:
    return PickField(
        _("Owner"),
        [DataRequired(_("Type a name or a number."))],
        find=lambda typed: Client.named(member, typed),
        near=lambda typed: suggested(member, typed),
        description=_("The beginning of the name, or the number of the client."),
    )


class NewVesselForm(VesselForm):
    client = owner_field()


class MeasurementForm(Form):
    """What was measured this time; an empty box leaves what stands there."""

    loa = measure("loa")
    beam = measure("beam")
    draft = measure("draft")
    air_draft = measure("air_draft")
    displacement = measure("displacement")
    on = DateField(_("Measured on"), [DataRequired(_("Say on which day it was measured."))])

    def validate_on(self, field: Field) -> None:
        not_later(field)

    def validate_loa(self, field: Field) -> None:
        """The first box stands for all of them."""
        if not any(self[name].data for name in NAMES):
            raise ValidationError(gettext("Type at least one measure."))

    def found(self) -> dict[str, Decimal | None]:
        return {f"{name}_measured": self[name].value for name in NAMES if self[name].data}


class TransferForm(Form):
    client = owner_field()
    on = DateField(_("From"), [DataRequired(_("Say from which day it is theirs."))])

    def validate_on(self, field: Field) -> None:
        not_later(field)


def not_later(field: Field) -> None:
    """What happened did so today or before; a year of two digits is a slip."""
    if field.data and field.data > today():
        raise ValidationError(gettext("This day is still to come."))
    if field.data and field.data.year < 1900:
        raise ValidationError(gettext("Write the year with four digits."))


class DocumentForm(EditForm):
    kind = SelectField(_("Kind"), choices=DOCUMENT_KINDS, default=DocumentKind.INSURANCE)
    issuer = StringField(_("Issued by"), [at_most(120)], description=_("The insurer, the authority or the surveyor."))
    reference = StringField(_("Number"), [at_most(80)], description=_("Of the policy or certificate."))
    cover_amount = MeasureField(_("Cover"), read=read_amount)
    cover_currency = SelectField(_("Currency"))
    valid_from = DayField(_("Valid from"))
    valid_until = DayField(_("Valid until"), description=_("The last day on which it is good."))
    upload = UploadField(_("The paper itself"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not member.can("files.upload"):
            del self.upload
        kept = kwargs["obj"].cover_currency if kwargs.get("obj") else None
        self.cover_currency.choices = currency_choices(member.here().currency, kept)

    def values(self) -> dict[str, Any]:
        """Without the file, which is no field of the paper."""
        return {name: value for name, value in super().values().items() if name != "upload"}

    def kept(self, vessel: Vessel) -> Content | None:
        """The file that was sent, in the storage; then a new transaction has begun. None where there is none."""
        upload = getattr(self.upload, "upload", None) if "upload" in self else None
        return keep(upload, by=member, entity="vessels", entity_id=vessel.id) if upload else None

    def validate_cover_currency(self, field: Field) -> None:
        if bool(field.data) != bool(self.cover_amount.data) and not self.cover_amount.errors:
            raise ValidationError(gettext("An amount and its currency go together."))

    def validate_valid_until(self, field: Field) -> None:
        if field.data and self.valid_from.data and field.data < self.valid_from.data:
            raise ValidationError(gettext("It ends before it begins."))

    def written(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The values as the model takes them."""
        found = dict(changes)
        if "cover_amount" in found:
            found["cover_amount"] = Decimal(found["cover_amount"]) if found["cover_amount"] else None
        if "cover_currency" in found:
            found["cover_currency"] = found["cover_currency"] or None
        for name in {"valid_from", "valid_until"} & set(found):
            found[name] = date.fromisoformat(found[name]) if found[name] else None
        return found
