"""What a port settles for itself: one typed schema with its defaults, and the sheet on which it is changed.

In `ports.settings` stands only what somebody has set; the rest follows the defaults here. What is unknown or no longer
fits is left out when read, and refused when written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Protocol, Self

import structlog
from flask_babel import gettext as _
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from ...current import Member
from ...db import db
from ...errors import Refused
from ...events.models import Actor, record
from ...identity.models import Port
from .hours import WEEKDAYS, Holiday, Week, read_spans, written

log = structlog.get_logger()

MOST_HOLIDAYS = 100
MOST_RATES = 12


class Mode(StrEnum):
    AUTO = "auto"  # changes the berth by itself
    SUGGEST = "suggest"  # asks first
    OFF = "off"


class BerthStatus(StrEnum):
    AVAILABLE = "available"
    UNDER_OFFER = "under_offer"
    RESERVED = "reserved"
    SOLD = "sold"
    MAINTENANCE = "maintenance"


class Trigger(StrEnum):
    """What may change the status of a berth by a rule of its port."""

    INTEREST_LINKED = "interest_linked"
    EOI_SIGNED = "eoi_signed"
    DEPOSIT_RECEIVED = "deposit_received"
    CONTRACT_SIGNED = "contract_signed"
    SALE_COMPLETED = "sale_completed"
    INTEREST_LOST = "interest_lost"
    MAINTENANCE_OPENED = "maintenance_opened"
    MAINTENANCE_CLOSED = "maintenance_closed"
    TENURE_EXPIRED = "tenure_expired"


class TaxMode(StrEnum):
    EXCLUSIVE = "exclusive"  # prices without tax, which is added
    INCLUSIVE = "inclusive"  # prices with tax in them
    NONE = "none"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StatusRule(Part):
    trigger: str
    mode: Mode
    target_status: BerthStatus


# What the berth becomes, and how, unless the port says otherwise.
RULES = tuple(
    StatusRule(trigger=trigger, mode=mode, target_status=status)
    for trigger, mode, status in (
        (Trigger.INTEREST_LINKED, Mode.OFF, BerthStatus.UNDER_OFFER),
        (Trigger.EOI_SIGNED, Mode.SUGGEST, BerthStatus.UNDER_OFFER),
        (Trigger.DEPOSIT_RECEIVED, Mode.AUTO, BerthStatus.RESERVED),
        (Trigger.CONTRACT_SIGNED, Mode.AUTO, BerthStatus.SOLD),
        (Trigger.SALE_COMPLETED, Mode.AUTO, BerthStatus.SOLD),
        (Trigger.INTEREST_LOST, Mode.SUGGEST, BerthStatus.AVAILABLE),
        (Trigger.MAINTENANCE_OPENED, Mode.SUGGEST, BerthStatus.MAINTENANCE),
        (Trigger.MAINTENANCE_CLOSED, Mode.SUGGEST, BerthStatus.AVAILABLE),
        (Trigger.TENURE_EXPIRED, Mode.SUGGEST, BerthStatus.AVAILABLE),
    )
)


# What is always done as it stands above, whatever the port says.
FIXED = frozenset({Trigger.SALE_COMPLETED})


class InvoiceNumbering(Part):
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9/-]{0,10}$")] = "INV-"
    padding: Annotated[int, Field(ge=1, le=9)] = 4
    first: Annotated[int, Field(ge=1, le=999_999_999)] = 1
    yearly: bool = True

    def example(self, year: int, number: int | None = None) -> str:
        """The number of an invoice of that year: `INV-2026-0001`."""
        return f"{self.prefix}{f'{year}-' if self.yearly else ''}{number or self.first:0{self.padding}}"


class TaxRate(Part):
    name: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^/\x00]+$")]
    percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=3)]


class Tax(Part):
    mode: TaxMode = TaxMode.EXCLUSIVE
    rates: tuple[TaxRate, ...] = ()
    default: str = ""  # the name of a rate


Centimetres = Annotated[int, Field(ge=0, le=500)]


class Clearances(Part):
    """What has to stay free beside a boat on a berth, in centimetres."""

    loa: Centimetres = 0
    beam: Centimetres = 20
    draft: Centimetres = 30
    air_draft: Centimetres = 50


class PortSettings(Part):
    follow_up_reminder_days: tuple[Annotated[int, Field(ge=1, le=365)], ...] = (3, 7, 14)
    tenure_expiry_warning_months: Annotated[int, Field(ge=1, le=24)] = 3
    eoi_reminder_interval_days: Annotated[int, Field(ge=1, le=60)] = 3
    berth_status_rules: tuple[StatusRule, ...] = RULES
    berth_clearances: Clearances = Clearances()
    business_hours: Week = Week()
    holidays: tuple[Holiday, ...] = ()
    mfa_required_roles: tuple[str, ...] = ()
    invoice_numbering: InvoiceNumbering = InvoiceNumbering()
    tax: Tax = Tax()
    mail_reply_to: Annotated[str, StringConstraints(max_length=320)] = ""
    portal_signup: bool = False
    onboarding_dismissed: bool = False
    registration_open: bool = False
    registration_intro: Annotated[str, StringConstraints(max_length=1000)] = ""
    # What the public page asks besides name and e-mail address.
    registration_phone: bool = True
    registration_vessel: bool = True
    registration_dates: bool = True
    registration_kind: bool = True
    registration_message: bool = True

    @field_validator("berth_status_rules")
    @classmethod
    def complete(cls, rules: tuple[StatusRule, ...]) -> tuple[StatusRule, ...]:
        """One rule for each trigger there is, in their order."""
        found = {rule.trigger: rule for rule in rules if rule.trigger not in FIXED}
        return tuple(found.get(rule.trigger, rule) for rule in RULES)


class HasSettings(Protocol):
    """A port, as a record or as requests know it."""

    @property
    def settings(self) -> Any: ...


def settings_of(port: HasSettings) -> PortSettings:
    """What the port has settled, and the defaults for the rest. A stored value that does not fit is left out."""
    stored = dict(port.settings)
    try:
        return PortSettings.model_validate(stored, extra="ignore")
    except ValidationError as error:
        unfit = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
    log.warning("port_settings_unfit", names=sorted(unfit))
    fit = {name: value for name, value in stored.items() if name not in unfit}
    return PortSettings.model_validate(fit, extra="ignore")


# --- The sheet

# Each value a form edits by a name of its own, and where it stands.
PLACES: dict[str, tuple[str, ...]] = {
    **{
        name: (name,)
        for name in PortSettings.model_fields
        if name not in ("berth_status_rules", "berth_clearances", "business_hours", "invoice_numbering", "tax")
    },
    **{
        f"rule_{rule.trigger}_{name}": ("berth_status_rules", rule.trigger, kept)
        for rule in RULES
        if rule.trigger not in FIXED
        for name, kept in (("mode", "mode"), ("status", "target_status"))
    },
    **{f"clearance_{name}": ("berth_clearances", name) for name in Clearances.model_fields},
    **{f"hours_{day}": ("business_hours", day) for day in WEEKDAYS},
    **{f"invoice_{name}": ("invoice_numbering", name) for name in InvoiceNumbering.model_fields},
    "tax_mode": ("tax", "mode"),
    "tax_rates": ("tax", "rates"),
    "tax_default": ("tax", "default"),
}


def _step(place: Any, step: str) -> Any:
    if isinstance(place, list):
        return next(rule for rule in place if rule["trigger"] == step)
    return place[step]


class SettingsSheet:
    """The settings of a port as one record that forms edit. Hours are told as text: `08:00–12:00, 13:30–17:00`."""

    subject_type = "settings"

    def __init__(self, port: Port) -> None:
        self.port, self.id = port, port.id

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(db.session.scalars(_port_of(member)).one())

    @classmethod
    def locked(cls, member: Member) -> Self:
        """The sheet until the request ends: two editors take turns. Records of the port may be added meanwhile."""
        locked = _port_of(member).with_for_update(key_share=True).execution_options(populate_existing=True)
        return cls(db.session.scalars(locked).one())

    @property
    def settings(self) -> PortSettings:
        return settings_of(self.port)

    def __getattr__(self, name: str) -> Any:
        if name not in PLACES:
            raise AttributeError(name)
        value: Any = self.settings.model_dump(mode="json")
        for step in PLACES[name]:
            value = _step(value, step)
        return written(value) if name.startswith("hours_") else value

    def update(self, fields: Mapping[str, Any], *, by: Actor) -> bool:
        """Write what differs and record it; False when nothing does. Raises KeyError for an unknown name, ValueError
        for a value that does not fit."""
        if unknown := set(fields) - set(PLACES):
            raise KeyError(", ".join(sorted(unknown)))
        before = {name: getattr(self, name) for name in fields}
        kept = self._with(fields)
        self.port.settings = self._stored(kept, fields)
        changes = {name: (old, getattr(self, name)) for name, old in before.items() if old != getattr(self, name)}
        if not changes:
            return False
        db.session.flush()
        record(
            "settings:updated",
            by=by,
            subject_type=self.subject_type,
            subject_id=self.id,
            port_id=self.id,
            changes=changes,
            changed_fields=sorted(changes),
        )
        return True

    def _with(self, fields: Mapping[str, Any]) -> PortSettings:
        data = self.settings.model_dump(mode="json")
        for name, value in fields.items():
            *path, last = PLACES[name]
            place: Any = data
            for step in path:
                place = _step(place, step)
            place[last] = read_spans(value) if name.startswith("hours_") else value
        return PortSettings.model_validate(data)

    def _stored(self, kept: PortSettings, fields: Iterable[str]) -> dict[str, Any]:
        """What was set before and what is set now; the rest goes on following its default."""
        names = {PLACES[name][0] for name in fields} | set(self.port.settings)
        return kept.model_dump(mode="json", include=names & set(PortSettings.model_fields))

    # --- Lists

    def add_holiday(self, holiday: Holiday, *, by: Actor) -> None:
        """Raises Refused where the day is one already."""
        for other in self.settings.holidays:
            if other.day == holiday.day:
                raise Refused(_("That day is a holiday already: %(name)s.", name=other.name))
        if len(self.settings.holidays) >= MOST_HOLIDAYS:
            raise Refused(_("There are %(count)d holidays; take one away first.", count=MOST_HOLIDAYS))
        days = sorted([*self.settings.holidays, holiday], key=lambda day: (not day.is_yearly, day.day))
        self.update({"holidays": [day.model_dump() for day in days]}, by=by)

    def remove_holiday(self, day: str, *, by: Actor) -> Holiday | None:
        """The holiday that was taken away; None when it is gone already."""
        found = next((holiday for holiday in self.settings.holidays if holiday.day == day), None)
        if found is not None:
            left = [holiday.model_dump() for holiday in self.settings.holidays if holiday != found]
            self.update({"holidays": left}, by=by)
        return found

    def add_rate(self, rate: TaxRate, *, by: Actor) -> None:
        """The first rate becomes the default. Raises Refused where the name is taken."""
        tax = self.settings.tax
        if any(other.name.casefold() == rate.name.casefold() for other in tax.rates):
            raise Refused(_("There is a rate of that name already."))
        if len(tax.rates) >= MOST_RATES:
            raise Refused(_("There are %(count)d rates; take one away first.", count=MOST_RATES))
        rates = [other.model_dump(mode="json") for other in (*tax.rates, rate)]
        self.update({"tax_rates": rates, **({} if tax.default else {"tax_default": rate.name})}, by=by)

    def remove_rate(self, name: str, *, by: Actor) -> TaxRate | None:
        """The rate that was taken away; None when it is gone already. Raises Refused for the default while there are
        others."""
        tax = self.settings.tax
        found = next((rate for rate in tax.rates if rate.name == name), None)
        if found is None:
            return None
        if name == tax.default and len(tax.rates) > 1:
            raise Refused(_("%(name)s is the default. Choose another default first.", name=name))
        left = [rate.model_dump(mode="json") for rate in tax.rates if rate != found]
        self.update({"tax_rates": left, **({"tax_default": ""} if name == tax.default else {})}, by=by)
        return found


def _port_of(member: Member) -> Any:
    return db.select(Port).where(Port.id == member.here().id)
