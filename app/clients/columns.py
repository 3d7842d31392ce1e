"""Columns of files ↔ fields of clients, both ways: the one place that knows what a column fills and what it is called.

A column's target is the key of a `Field`, with a label of the contact behind a bar where the heading says one
(`phone|Mobile`). A column of labels belongs to the next contact on its right.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from .names import sort_name


@dataclass(frozen=True)
class Field:
    """What a column can be matched to. `several`: more than one column may be; `longest`: of what it holds."""

    key: str
    label: Any
    group: Any
    longest: int = 200
    several: bool = False
    names: str = ""  # headings, reduced to letters


NAME, CONTACT, PLACE, MORE = _("Name"), _("Contacts"), _("Address"), _("More")

FIELDS = (
    Field("number", _("Client number"), MORE, 12, names="clientnumber customernumber asiakasnumero kundnummer"),
    Field(
        "full_name",
        _("Full name"),
        NAME,
        names="name fullname clientname client displayname customer contact nimi nom nombre namn",
    ),
    Field("first_name", _("First name"), NAME, names="firstname givenname forename prenom etunimi fornamn vorname"),
    Field("middle_name", _("Middle name"), NAME, names="middlename additionalname"),
    Field("last_name", _("Last name"), NAME, names="lastname familyname surname sukunimi apellido efternamn nachname"),
    Field("preferred_name", _("Preferred name"), NAME, 100, names="preferredname nickname kutsumanimi"),
    Field(
        "company_name",
        _("Company"),
        NAME,
        names="company companyname organization organisation organizationname organisationname yritys foretag firma",
    ),
    Field("kind", _("Kind"), NAME, 40, names="kind clientkind clienttype"),
    Field(
        "email",
        _("E-mail"),
        CONTACT,
        several=True,
        names="email emails emailaddress emailvalue mail eposta epost sahkoposti correo",
    ),
    Field(
        "phone",
        _("Phone"),
        CONTACT,
        several=True,
        names="phone phonenumber phonevalue telephone mobile mobilephone mobilephonenumber primaryphone businessphone"
        " homephone otherphone companymainphone puhelin puhelinnumero tel telefon telefono gsm",
    ),
    Field("whatsapp", _("WhatsApp"), CONTACT, several=True, names="whatsapp whatsappphonenumber whatsappnumber"),
    Field("address", _("Another address, whole"), CONTACT, several=True, names="otheraddress"),
    Field("label", _("Label of the next contact"), CONTACT, several=True),
    Field(
        "street",
        _("Street and number"),
        PLACE,
        several=True,
        names="street address streetaddress addressstreet homestreet businessstreet otherstreet osoite adresse",
    ),
    Field(
        "postcode",
        _("Postcode"),
        PLACE,
        20,
        several=True,
        names="postcode zip zipcode postalcode addresspostalcode homepostalcode businesspostalcode otherpostalcode"
        " postinumero",
    ),
    Field(
        "town",
        _("Town"),
        PLACE,
        100,
        several=True,
        names="town city addresscity homecity businesscity othercity kaupunki ville ort",
    ),
    Field(
        "region",
        _("Region"),
        PLACE,
        100,
        several=True,
        names="region state province county stateregion addressregion homestate businessstate otherstate",
    ),
    Field(
        "country",
        _("Country"),
        PLACE,
        several=True,
        names="country addresscountry homecountry homecountryregion businesscountry businesscountryregion"
        " othercountryregion countryregion maa pays land",
    ),
    Field("nationality", _("Nationality"), MORE, names="nationality kansalaisuus"),
    Field("languages", _("Languages"), MORE, names="language languages preferredlanguage kieli"),
    Field("tax_number", _("Tax number"), MORE, 40, names="taxnumber vat vatnumber taxid vatid"),
    Field("status", _("Status"), MORE, 40, names="status clientstatus lifecyclestage"),
    Field("source", _("Source"), MORE, 40, names="source clientsource originalsource"),
    Field("owner", _("Owner (name or e-mail of a colleague)"), MORE, names="owner contactowner clientowner"),
    Field("marketing_consent", _("News and offers (yes or no)"), MORE, 20, names="newsandoffers marketingconsent"),
    Field(
        "note",
        _("Note"),
        MORE,
        10_000,
        several=True,
        names="note notes comment comments remarks huomautus huomautukset",
    ),
    Field("told_note", _("Note, with the heading before it"), MORE, 10_000, several=True),
)
BY_KEY = {field.key: field for field in FIELDS}
FIELD_OF = {name: field.key for field in FIELDS for name in field.names.split()}
NAMES = ("first_name", "middle_name", "last_name")
ADDRESS = ("street", "postcode", "town", "region", "country")
CONTACTS = ("email", "phone", "whatsapp", "address")
NAMED_BY = frozenset({"full_name", "company_name", *NAMES})

WHY = _("Why it was left out")  # the column of a file of errors, which may come back corrected

LABELS = {
    "home": "Home",
    "business": "Work",
    "work": "Work",
    "mobile": "Mobile",
    "other": "Other",
    "company main": "Company",
    "primary": "",
}


@dataclass(frozen=True)
class Export:
    """A program whose files are known: told by headings that only it writes, read without asking."""

    name: str
    tells: frozenset[str]
    targets: Callable[[list[str]], list[str]]


def plain(heading: str) -> str:
    return sort_name(heading)


def letters(heading: str) -> str:
    return re.sub(r"[\W\d_]+", "", plain(heading))


def guess(heading: str) -> str:
    """The target of a column by its heading alone; empty where it says nothing."""
    key = FIELD_OF.get(letters(heading), "")
    if key == "phone":
        word = plain(heading)
        label = next((label for start, label in LABELS.items() if word.startswith(start)), "")
        return f"phone|{label}" if label else key
    return key


def _google(headings: list[str]) -> list[str]:
    """Both generations: `E-mail 1 - Value` with its `Type` or `Label` before it, `Organization 1 - Name` or
    `Organization Name`. The first address is the client's, the others stay whole."""
    return [_google_target(plain(heading), set(map(plain, headings))) for heading in headings]


def _google_target(heading: str, all_of_them: set[str]) -> str:
    numbered = re.fullmatch(r"(e-mail|phone|address|organization) (\d+) - (.+)", heading)
    if not numbered:
        fixed = {
            "name": "full_name",
            "organization name": "company_name",
            "notes": "note",
            "nickname": "preferred_name",
            "first name": "first_name",
            "given name": "first_name",
            "middle name": "middle_name",
            "additional name": "middle_name",
            "last name": "last_name",
            "family name": "last_name",
        }
        # Files that others made with headings of Google's have a few of their own.
        return fixed.get(heading, guess(heading) if heading in ("city", "country", "town", "postcode") else "")
    kind, number, part = numbered.groups()
    if kind in ("e-mail", "phone"):
        return {"value": kind.replace("-", ""), "type": "label", "label": "label"}.get(part, "")
    if kind == "organization":
        return "company_name" if (number, part) == ("1", "name") else ""
    if number != "1":
        return {"formatted": "address", "type": "label", "label": "label"}.get(part, "")
    parts = {"street": "street", "city": "town", "region": "region", "postal code": "postcode", "country": "country"}
    if part == "formatted" and "address 1 - street" not in all_of_them:
        return "street"
    return parts.get(part, "")


def _outlook(headings: list[str]) -> list[str]:
    return [_outlook_target(plain(heading)) for heading in headings]


def _outlook_target(heading: str) -> str:
    if re.search(r"fax|pager|telex|assistant|callback|car phone|isdn|radio|tty|display name|type$|po box", heading):
        return ""
    return "" if heading.startswith("company main") and "phone" not in heading else guess(heading)


def _hubspot(headings: list[str]) -> list[str]:
    left_out = {"contact owner", "original source", "record source", "lead status", "contact"}
    return [
        "company_name"
        if plain(heading) in ("associated company", "associated company (primary)")
        else ""
        if plain(heading) in left_out
        else guess(heading)
        for heading in headings
    ]


EXPORTS = (
    Export("Google Contacts", frozenset({"first name", "e-mail 1 - value"}), _google),
    Export("Google Contacts", frozenset({"given name", "e-mail 1 - value"}), _google),
    Export("Google Contacts", frozenset({"name", "e-mail 1 - value"}), _google),
    Export("Outlook", frozenset({"first name", "business street"}), _outlook),
    Export("Outlook", frozenset({"first name", "home street"}), _outlook),
    Export("Outlook", frozenset({"first name", "e-mail address", "business phone"}), _outlook),
    Export("HubSpot", frozenset({"record id", "email"}), _hubspot),
)


@dataclass(frozen=True)
class Matched:
    """The targets of the columns, in their order (empty: left out); `source` says whose file it is. `is_certain`:
    nobody has to look at it."""

    targets: list[str]
    source: str = ""
    is_certain: bool = False


def match(header: Sequence[str]) -> Matched:
    plains = {plain(heading) for heading in header}
    for export in EXPORTS:
        if export.tells <= plains:
            return Matched(export.targets(list(header)), export.name, is_certain=True)
    targets, taken = [], set()
    for heading in header:
        target = guess(heading)
        key = target.partition("|")[0]
        if key and key in taken and not BY_KEY[key].several:
            target = ""
        taken.add(key)
        targets.append(target)
    ours = {"", str(WHY)}
    knows_all = all(target or heading in ours for target, heading in zip(targets, header, strict=True))
    return Matched(targets, is_certain=knows_all and bool(NAMED_BY & keys_of(targets)))


def keys_of(targets: Sequence[str]) -> set[str]:
    return {target.partition("|")[0] for target in targets if target}


def problem_of(targets: Sequence[str]) -> str:
    """Why columns cannot be matched so, in words; empty where they can. What is no field of ours is refused."""
    keys = [target.partition("|")[0] for target in targets if target]
    if not set(keys) <= set(BY_KEY):
        return gettext("Choose a field from the list.")
    for key in keys:
        if keys.count(key) > 1 and not BY_KEY[key].several:
            return gettext("Two columns cannot both be “%(field)s”.", field=BY_KEY[key].label)
    if not NAMED_BY & set(keys):
        return gettext("Say which column holds the name, or the first and last name, or the company.")
    return ""


def label_of(target: str) -> str:
    """What a column fills, in words."""
    key, _bar, label = target.partition("|")
    words = str(BY_KEY[key].label) if key in BY_KEY else key
    return f"{words} ({label})" if label else words


def groups() -> list[tuple[Any, list[Field]]]:
    """The fields as the mapping page offers them."""
    return [(group, [field for field in FIELDS if field.group is group]) for group in (NAME, CONTACT, PLACE, MORE)]


def fingerprint(header: Sequence[str]) -> str:
    """The same for two files with the same headings in the same order."""
    return hashlib.sha256("\x1f".join(map(plain, header)).encode()).hexdigest()
