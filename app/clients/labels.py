"""What fields and their values are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from ..events.timeline import FieldWords, shown
from ..formats import format_country, format_language, in_force
from .models.client import ClientKind, ClientSource, ClientStatus
from .models.contact import ContactKind
from .models.relationship import RelationshipKind

KINDS = [(ClientKind.PERSON, _("Person")), (ClientKind.COMPANY, _("Company"))]
STATUSES = [
    (ClientStatus.PROSPECT, _("Prospect")),
    (ClientStatus.ACTIVE, _("Active")),
    (ClientStatus.FORMER, _("Former")),
]
SOURCES = [
    (ClientSource.WEBSITE, _("Website")),
    (ClientSource.MANUAL, _("Entered by hand")),
    (ClientSource.REFERRAL, _("Referral")),
    (ClientSource.BROKER, _("Broker")),
    (ClientSource.EVENT, _("Event")),
    (ClientSource.OTHER, _("Other")),
]
CONTACT_KINDS = [
    (ContactKind.EMAIL, _("E-mail")),
    (ContactKind.PHONE, _("Phone")),
    (ContactKind.WHATSAPP, _("WhatsApp")),
    (ContactKind.ADDRESS, _("Address")),
]

# What stands before the name of the other: who it is that the kind is of, and who has one.
RELATIONS = {
    RelationshipKind.OWNER: (_("Owner of"), _("Owner")),
    RelationshipKind.CAPTAIN: (_("Captain of"), _("Captain")),
    RelationshipKind.CREW: (_("Crew of"), _("Crew")),
    RelationshipKind.BROKER: (_("Broker of"), _("Broker")),
    RelationshipKind.SPOUSE: (_("Spouse"), _("Spouse")),
    RelationshipKind.COMPANY: (_("Company of"), _("Company")),
    RelationshipKind.AGENT: (_("Agent of"), _("Agent")),
}
RELATION_CHOICES = [
    *(SelectChoice(f"has-{kind}", has, optgroup=_("This client has")) for kind, (_of, has) in RELATIONS.items()),
    *(
        SelectChoice(f"is-{kind}", of, optgroup=_("This client is"))
        for kind, (of, _has) in RELATIONS.items()
        if kind != RelationshipKind.SPOUSE
    ),
]


def _one_of(choices: list[tuple[Any, Any]]) -> Callable[[Any], str]:
    words = {str(value): label for value, label in choices}
    return lambda value: str(words.get(str(value), shown(value)))


def source_word(source: str) -> str:
    return _source_words(in_force().locale).get(source, source)


@lru_cache(maxsize=16)
def _source_words(_locale: str) -> Mapping[str, str]:
    """A catalogue is asked once a language, not once a row."""
    return {str(value): str(label) for value, label in SOURCES}


# Each field as the timeline names it, and its recorded values in words.
FIELDS = {
    "kind": FieldWords(_("Kind"), _one_of(KINDS)),
    "full_name": FieldWords(_("Full name"), personal=True),
    "company_name": FieldWords(_("Company"), personal=True),
    "preferred_name": FieldWords(_("Preferred name"), personal=True),
    "nationality": FieldWords(_("Nationality"), lambda code: format_country(code or "")),
    "languages": FieldWords(_("Languages"), lambda codes: ", ".join(map(format_language, codes or ()))),
    "source": FieldWords(_("Source"), _one_of(SOURCES)),
    "status": FieldWords(_("Status"), _one_of(STATUSES)),
    "tax_number": FieldWords(_("Tax number"), personal=True),
    "street": FieldWords(_("Street and number"), personal=True),
    "postcode": FieldWords(_("Postcode"), personal=True),
    "town": FieldWords(_("Town"), personal=True),
    "region": FieldWords(_("Region")),
    "country": FieldWords(_("Country"), lambda code: format_country(code or "")),
    "owner_id": FieldWords(_("Owner")),
    "marketing_consent": FieldWords(_("News and offers")),
    "value": FieldWords(_("Address or number"), personal=True),
    "label": FieldWords(_("Label")),
    "is_primary": FieldWords(_("Used first")),
    **{kind.value: FieldWords(label, personal=True) for kind, label in CONTACT_KINDS},
    "note": FieldWords(_("Note"), personal=True),
    "body": FieldWords(_("Note"), personal=True),
}

# Why two clients look like one.
REASONS = {
    "email": _("Same e-mail address"),
    "phone": _("Same phone number"),
    "tax_number": _("Same tax number"),
    "registration": _("Same vessel registration"),
    "vessel": _("Vessels of the same name"),
    "name": _("Same name"),
    "company_name": _("Same name"),
    "words": _("Same name in another order"),
    "nickname": _("One name is short for the other"),
    "initial": _("The initial fits the name"),
    "similar": _("Names differ in a letter or two"),
    "address": _("Same street address"),
    "town": _("Same town"),
    "company": _("Same company"),
}
