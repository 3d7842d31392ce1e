from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import bindparam, select
from wtforms import BooleanField, Field, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, ValidationError

from ..bulk_edits.forms import KEEP
from ..codes import language_codes
from ..current import member
from ..db import db
from ..exports.formats import ExportExtent, ExportFormat
from ..exports.forms import EXTENTS, SHEETS, ExportForm
from ..forms import CountryField, EditForm, Form, PickField, at_most
from ..identity.models import User, UserPortRole
from .labels import CONTACT_KINDS, KINDS, RELATION_CHOICES, SOURCES, STATUSES
from .models import Client, ClientKind, ClientSource, ClientStatus, ContactKind
from .models.contact import Unfit, read_value
from .models.finding import suggested

TAX_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9./-]*")


def tax_number(value: str) -> str:
    """`fr 12 345` → `FR12345`. Raises ValueError for what no tax number holds."""
    joined = "".join(value.split()).upper()
    if joined and not TAX_NUMBER.fullmatch(joined):
        raise ValueError(gettext("A tax number has letters, digits, dots, dashes and slashes only."))
    return joined


MEMBERS = select(UserPortRole.user_id).where(UserPortRole.port_id == bindparam("port_id"))
COLLEAGUES = select(User.id, User.name).where(User.is_active, User.id.in_(MEMBERS)).order_by(User.name)


def colleagues() -> list[tuple[str, Any]]:
    """Who can own a client: the active users of the port."""
    rows = db.session.execute(COLLEAGUES, {"port_id": member.here().id})
    return [(str(row.id), row.name) for row in rows]


def former_colleague(owner_id: str) -> tuple[str, str]:
    """An owner who can no longer be chosen; without a role in the port even the name is hidden."""
    name = db.session.scalar(select(User.name).where(User.id == uuid.UUID(owner_id)))
    return owner_id, gettext("%(name)s (no longer here)", name=name) if name else gettext("A former colleague")


def as_id(value: Any) -> str:
    return str(value) if value else ""


class OwnerField(SelectField):
    """A colleague. Who can be chosen is asked for when it is shown or somebody else was chosen: whoever enters a client
    mostly keeps them, and has a role here. `besides`: who may stay although they left."""

    besides: Sequence[str] = ()

    @property
    def choices(self) -> list[tuple[str, Any]]:
        return [("", _("Nobody")), *self._offered]

    @choices.setter
    def choices(self, _: object) -> None:
        """The same for every field."""

    @cached_property
    def _offered(self) -> list[tuple[str, Any]]:
        offered = colleagues()
        here = dict(offered)
        return [*offered, *(former_colleague(owner_id) for owner_id in self.besides if owner_id not in here)]

    def pre_validate(self, form: Any) -> None:
        is_own = self.data == str(member.id) and member.roles
        if self.data and not is_own:
            super().pre_validate(form)


class LanguagesField(StringField):
    """Language codes with commas between them; names of languages are read too."""

    data: Any

    def _value(self) -> str:
        return self.data if isinstance(self.data, str) else ", ".join(self.data or [])

    def process_data(self, value: Any) -> None:
        self.data = list(value or [])

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        try:
            self.data = language_codes(valuelist[0])
        except LookupError as error:
            self.data = valuelist[0]
            text = gettext("“%(name)s” is not a language. Write codes such as fr, en.", name=str(error.args[0])[:40])
            raise ValueError(text) from error


class ClientForm(EditForm):
    kind = RadioField(_("Kind"), choices=KINDS, default=ClientKind.PERSON)
    full_name = StringField(_("Full name"), [DataRequired(_("Type the name of the person or company.")), at_most(200)])
    preferred_name = StringField(
        _("Preferred name"), [at_most(100)], description=_("How e-mails and the portal greet them.")
    )
    company_name = StringField(_("Company"), [at_most(200)])
    status = SelectField(_("Status"), choices=STATUSES, default=ClientStatus.PROSPECT)
    source = SelectField(_("Source"), choices=SOURCES, default=ClientSource.MANUAL)
    nationality = CountryField(_("Nationality"))
    languages = LanguagesField(_("Languages"), description=_("Codes with commas between them, such as fr, en."))
    street = StringField(_("Street and number"), [at_most(200)])
    postcode = StringField(_("Postcode"), [at_most(20)])
    town = StringField(_("Town"), [at_most(100)])
    region = StringField(_("Region"), [at_most(100)])
    country = CountryField(_("Country"))
    tax_number = StringField(
        _("Tax number"), [at_most(40)], description=_("Printed on invoices. Spaces do not matter.")
    )
    owner_id = OwnerField(_("Owner"), coerce=as_id, description=_("Gets the reminders for this client."))
    marketing_consent = BooleanField(_("Send news and offers by e-mail"))

    def __init__(self, *args: Any, obj: Client | None = None, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        # An owner who left stays the owner until somebody chooses another, also when the form is older than that.
        owners = {as_id(obj and obj.owner_id), as_id(self.opened_with.get("owner_id"))}
        self.owner_id.besides = sorted(filter(None, owners))

    def validate_tax_number(self, field: Field) -> None:
        try:
            field.data = tax_number(field.data or "")
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def written(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The values as the model takes them."""
        if "owner_id" in changes:
            changes = {**changes, "owner_id": uuid.UUID(changes["owner_id"]) if changes["owner_id"] else None}
        return changes


class NewClientForm(ClientForm):
    """A new client may come with its first e-mail address and phone number."""

    email = StringField(_("E-mail"), [at_most(320)], description=_("Invoices and berth notices go here."))
    phone = StringField(_("Phone"), [at_most(60)], description=_("Any spelling; national numbers too."))
    # The button under those that look like this one.
    anyway = BooleanField()

    def validate_email(self, field: Field) -> None:
        self._check(ContactKind.EMAIL, field)

    def validate_phone(self, field: Field) -> None:
        self._check(ContactKind.PHONE, field)

    def _check(self, kind: ContactKind, field: Field) -> None:
        try:
            if field.data:
                read_value(kind, field.data, country=self.country.data or member.here().country)
        except Unfit as error:
            raise ValidationError(str(error)) from error


class SharedCountryField(CountryField):
    """A country, or as it is with each."""

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(KEEP, gettext("Leave as it is")), *super().choices]

    @choices.setter
    def choices(self, _: object) -> None:
        """The same for every field."""

    def pre_validate(self, form: Any) -> None:
        if self.data != KEEP:
            super().pre_validate(form)


class ContactForm(EditForm):
    value = StringField(
        _("Address or number"), [DataRequired(_("Type the e-mail address, number or address.")), at_most(320)]
    )
    label = StringField(_("Label"), [at_most(60)], description=_("Such as private, office or captain."))
    is_primary = BooleanField(_("Use this one first"))


class NewContactForm(ContactForm):
    """A contact stays of the kind it was entered as."""

    kind = RadioField(_("Kind"), choices=CONTACT_KINDS, default=ContactKind.EMAIL)


class RelationshipForm(Form):
    relation = SelectField(_("Who they are to this client"), choices=RELATION_CHOICES, default="has-captain")
    client = PickField(
        _("Client"),
        [DataRequired(_("Type a name or a number."))],
        find=lambda typed: Client.named(member, typed),
        near=lambda typed: suggested(member, typed),
        description=_("The beginning of the name, or the number."),
    )


class ClientExportForm(ExportForm):
    format = RadioField(
        _("File"),
        choices=[*SHEETS, (ExportFormat.VCARD, _("vCard (.vcf)"))],
        default=ExportFormat.XLSX,
        description=_("CSV is for other programs, vCard for phones and address books."),
    )
    extent = RadioField(
        _("What is in it"),
        choices=EXTENTS,
        default=ExportExtent.SHOWN,
        description=_("Cards have names, contacts and addresses; everything adds notes and tags."),
    )


class ErasureForm(Form):
    """`typed`: the client once more, so that nobody erases the wrong one."""

    typed = StringField(_("Number or full name of the client"), [at_most(200)])
    reason = StringField(_("Reason"), [DataRequired(_("Say why, in a few words.")), at_most(300)])

    def validate_for(self, client: Client) -> bool:
        """As it stands, but for upper case and spaces."""
        is_valid = bool(self.validate())
        typed = " ".join(str(self.typed.data or "").split()).casefold()
        if typed not in (str(client.number), " ".join(client.full_name.split()).casefold()):
            self.typed.errors = [gettext("Type %(number)s, or the full name.", number=client.number)]
            return False
        return is_valid
