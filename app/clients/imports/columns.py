"""Columns of files ↔ fields of clients, both ways: the one place that knows what a column fills and what it is called.

A column's target is the key of a `Field`, with a label of the contact behind a bar where the heading says one
(`phone|Mobile`). A column of labels belongs to the next contact on its right.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from ...fields.models import RecordField
from ...sorting import sort_name
from ...vessels.models import fields_of_vessels
from ...vessels.models.reading import built_in_fields as built_in_fields_of_vessels
from ..fields import LONGEST, built_in_fields, fields_of_clients
from ..labels import FIELDS as FIELD_WORDS
from .vessel_rows import OF_VESSELS


@dataclass(frozen=True)
class Field:
    """What a column can be matched to. `several`: more than one column may be; `longest`: of what it holds; `help`:
    what is said beside the label where somebody chooses."""

    key: str
    label: Any
    group: Any
    longest: int = 200
    several: bool = False
    names: str = ""  # headings, reduced to letters
    help: Any = ""


NAME, CONTACT, PLACE, MORE, VESSEL = _("Name"), _("Contacts"), _("Address"), _("More"), _("Vessel")
OWN, OWN_OF_VESSELS = _("Fields of this port"), _("Fields of this port, of vessels")
GROUPS = (NAME, CONTACT, PLACE, MORE, VESSEL, OWN, OWN_OF_VESSELS)


def _client(key: str, group: Any, names: str = "", **more: Any) -> Field:
    """A field that clients have by themselves, as its form calls it."""
    return Field(key, FIELD_WORDS[key].label, group, LONGEST[key], names=names, **more)


def _vessel(name: str, label: Any, names: str, longest: int = 60) -> Field:
    return Field(OF_VESSELS + name, label, VESSEL, longest, names=names)


FIELDS = (
    Field("number", _("Client number"), MORE, 12, names="clientnumber customernumber asiakasnumero kundnummer"),
    _client(
        "full_name",
        NAME,
        "name fullname clientname client displayname customer contact nimi nom nombre namn",
    ),
    Field("first_name", _("First name"), NAME, names="firstname givenname forename prenom etunimi fornamn vorname"),
    Field("middle_name", _("Middle name"), NAME, names="middlename additionalname"),
    Field("last_name", _("Last name"), NAME, names="lastname familyname surname sukunimi apellido efternamn nachname"),
    _client("preferred_name", NAME, "preferredname nickname kutsumanimi"),
    _client(
        "company_name",
        NAME,
        "company companyname organization organisation organizationname organisationname yritys foretag firma",
    ),
    Field("kind", FIELD_WORDS["kind"].label, NAME, 40, names="kind clientkind clienttype"),
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
    Field("address", _("Other address"), CONTACT, several=True, names="otheraddress", help=_("whole, in one cell")),
    Field("label", _("Label of the next contact"), CONTACT, several=True),
    _client(
        "street",
        PLACE,
        "street address streetaddress addressstreet homestreet businessstreet otherstreet osoite adresse",
        several=True,
    ),
    _client(
        "postcode",
        PLACE,
        "postcode zip zipcode postalcode addresspostalcode homepostalcode businesspostalcode otherpostalcode"
        " postinumero",
        several=True,
    ),
    _client(
        "town",
        PLACE,
        "town city addresscity homecity businesscity othercity kaupunki ville ort",
        several=True,
    ),
    _client(
        "region",
        PLACE,
        "region state province county stateregion addressregion homestate businessstate otherstate",
        several=True,
    ),
    Field(
        "country",
        FIELD_WORDS["country"].label,
        PLACE,
        several=True,
        names="country addresscountry homecountry homecountryregion businesscountry businesscountryregion"
        " othercountryregion countryregion maa pays land",
    ),
    Field("nationality", FIELD_WORDS["nationality"].label, MORE, names="nationality kansalaisuus"),
    Field("languages", FIELD_WORDS["languages"].label, MORE, names="language languages preferredlanguage kieli"),
    _client("tax_number", MORE, "taxnumber vat vatnumber taxid vatid"),
    Field("status", FIELD_WORDS["status"].label, MORE, 40, names="status clientstatus lifecyclestage"),
    Field("source", FIELD_WORDS["source"].label, MORE, 40, names="source clientsource originalsource"),
    Field(
        "owner",
        FIELD_WORDS["owner_id"].label,
        MORE,
        names="owner contactowner clientowner",
        help=_("name or e-mail of a colleague"),
    ),
    Field(
        "marketing_consent",
        FIELD_WORDS["marketing_consent"].label,
        MORE,
        20,
        names="newsandoffers marketingconsent",
        help=_("yes or no"),
    ),
    Field("tags", _("Tags"), MORE, 500, names="tag tags clienttags", help=_("with ; or , between them")),
    Field(
        "note",
        FIELD_WORDS["note"].label,
        MORE,
        10_000,
        several=True,
        names="note notes comment comments remarks huomautus huomautukset",
    ),
    Field("told_note", _("Note, with the heading before it"), MORE, 10_000, several=True),
    _vessel(
        "name",
        _("Vessel name"),
        "vessel vesselname boat boatname yacht yachtname ship shipname vene veneennimi alus bateau nomdubateau boot"
        " bootsname schiff bat batnamn barco embarcacion",
        120,
    ),
    _vessel(
        "kind", _("Vessel kind"), "vesselkind vesseltype boattype boatkind yachttype venetyyppi bootstyp battyp", 40
    ),
    _vessel("flag", _("Vessel flag"), "vesselflag flag flagstate boatflag lippu pavillon flagge flagga bandera"),
    _vessel(
        "registration",
        _("Vessel registration"),
        "vesselregistration registration registrationnumber registrationno regno boatregistration rekisterinumero"
        " rekisteritunnus immatriculation matricula",
        40,
    ),
    _vessel("imo", _("Vessel IMO number"), "vesselimonumber imo imonumber imono", 20),
    _vessel("mmsi", _("Vessel MMSI"), "vesselmmsi mmsi mmsinumber", 20),
    _vessel(
        "loa_declared",
        _("Vessel length"),
        "vessellength length loa lengthoverall lengthoa boatlength yachtlength vesselloa pituus longueur lange langd"
        " eslora",
    ),
    _vessel(
        "beam_declared", _("Vessel beam"), "vesselbeam beam boatbeam width boatwidth leveys largeur breite bredd manga"
    ),
    _vessel(
        "draft_declared",
        _("Vessel draft"),
        "vesseldraft draft draught vesseldraught boatdraft syvays tirantdeau tiefgang djupgaende calado",
    ),
    _vessel(
        "air_draft_declared",
        _("Vessel air draft"),
        "vesselairdraft airdraft airdraught height mastheight boatheight tirantdair durchfahrtshohe",
    ),
    _vessel(
        "displacement_declared",
        _("Vessel displacement"),
        "vesseldisplacement displacement weight boatweight uppouma paino deplacement verdrangung",
    ),
    _vessel(
        "power_amps",
        _("Vessel power need (A)"),
        "vesselpowerneeda vesselpowerneed powerneed power poweramps amps ampere amperes shorepower powerneedinamperes",
        20,
    ),
    _vessel("power_phases", _("Vessel phases"), "vesselphases phases powerphases", 20),
)
FIELD_OF = {name: field.key for field in FIELDS for name in field.names.split()}
NAMES = ("first_name", "middle_name", "last_name")
ADDRESS = ("street", "postcode", "town", "region", "country")
CONTACTS = ("email", "phone", "whatsapp", "address")
NAMED_BY = frozenset({"full_name", "company_name", *NAMES})
# One of these tells which vessel a row is about.
VESSEL_BY = frozenset({"vessel_name", "vessel_registration"})
LONGEST_OWN = 500

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


# `LOA (ft)`, `Length, m`, `Displacement kg`
UNIT = re.compile(
    r"(?<=\S)[\s,]*(?:[(\[]\s*|\s|\bin\s+)(m|cm|mm|ft|kg|kgs|t|lbs?|metres?|meters?|feet|tons?|tonnes?)\.?\s*[)\]]?$"
)


def unit_of(heading: str) -> str:
    """The unit that a heading says its numbers are in; empty where it says none."""
    found = UNIT.search(plain(heading))
    return found[1] if found else ""


def guess(heading: str) -> str:
    """The target of a column by its heading alone; empty where it says nothing."""
    key = FIELD_OF.get(letters(heading), "") or FIELD_OF.get(letters(UNIT.sub("", plain(heading))), "")
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


class Columns:
    """What the columns of a port's files can be: built-in fields and the port's own, each with what reads it.

    `may_tag`: whoever brings the file may put tags on clients.
    """

    def __init__(
        self,
        clients: Sequence[RecordField] | None = None,
        vessels: Sequence[RecordField] | None = None,
        *,
        may_tag: bool = True,
    ) -> None:
        clients = built_in_fields() if clients is None else clients
        vessels = built_in_fields_of_vessels() if vessels is None else vessels
        own = [(field.key, field.label, OWN) for field in clients if field.is_custom]
        own += [
            (OF_VESSELS + field.key, gettext("Vessel: %(field)s", field=field.label), OWN_OF_VESSELS)
            for field in vessels
            if field.is_custom
        ]
        self.fields = [field for field in FIELDS if may_tag or field.key != "tags"]
        self.by_label = {plain(str(field.label)): field.key for field in self.fields}
        for key, label, group in own:
            heading = f"{label} ({key})" if plain(label) in self.by_label else label
            self.by_label[plain(heading)] = key
            self.fields.append(Field(key, heading, group, LONGEST_OWN))
        self.by_key = {field.key: field for field in self.fields}
        self.read = {field.key: field for field in clients if field.key in self.by_key}
        self.read |= {OF_VESSELS + field.key: field for field in vessels}

    @classmethod
    def of(cls, port_id: uuid.UUID, *, may_tag: bool = True) -> Self:
        """Two statements, for the custom fields."""
        return cls(fields_of_clients(port_id), fields_of_vessels(port_id), may_tag=may_tag)

    def target_of(self, heading: str) -> str:
        """By its label, that of a contact with a number or with its own in brackets (`Phone 2`, `Phone (Mobile)`), or
        what others call it."""
        word = plain(heading)
        if key := self.by_label.get(word):
            return key
        if found := re.fullmatch(r"(.+) \d+", word):
            key = self.by_label.get(found[1], "")
            if key in (*CONTACTS, "label", "note"):
                return key
        if found := re.fullmatch(r"(.+?)\s*\((.+)\)\s*", " ".join(heading.split())):
            key = self.by_label.get(plain(found[1]), "")
            if key in CONTACTS:
                return f"{key}|{found[2].strip()}"
        target = guess(heading)
        return target if target.partition("|")[0] in self.by_key else ""

    def match(self, header: Sequence[str]) -> Matched:
        plains = {plain(heading) for heading in header}
        for export in EXPORTS:
            if export.tells <= plains:
                return Matched(export.targets(list(header)), export.name, is_certain=True)
        targets, taken = [], set()
        for heading in header:
            target = self.target_of(heading)
            key = target.partition("|")[0]
            if key and key in taken and not self.by_key[key].several:
                target = ""
            taken.add(key)
            targets.append(target)
        ours = {"", str(WHY)}
        knows_all = all(target or heading in ours for target, heading in zip(targets, header, strict=True))
        return Matched(targets, is_certain=knows_all and not self.problem_of(targets))

    def problem_of(self, targets: Sequence[str]) -> str:
        """Why columns cannot be matched so, in words; empty where they can. What is no field of ours is refused."""
        keys = [target.partition("|")[0] for target in targets if target]
        if not set(keys) <= set(self.by_key):
            return gettext("Choose a field from the list.")
        for key in keys:
            if keys.count(key) > 1 and not self.by_key[key].several:
                return gettext("Two columns cannot both be “%(field)s”.", field=self.by_key[key].label)
        if not NAMED_BY & set(keys):
            return gettext("Say which column holds the name, or the first and last name, or the company.")
        if any(key.startswith(OF_VESSELS) for key in keys) and not VESSEL_BY & set(keys):
            return gettext("Say which column holds the name of the vessel, or its registration.")
        return ""

    def label_of(self, target: str) -> str:
        """What a column fills, in words; also the heading by which `match` knows it."""
        key, _bar, label = target.partition("|")
        words = str(self.by_key[key].label) if key in self.by_key else key
        return f"{words} ({label})" if label else words

    def groups(self) -> list[tuple[Any, list[Field]]]:
        """The fields as the mapping page offers them."""
        found = [(group, [field for field in self.fields if field.group is group]) for group in GROUPS]
        return [(group, fields) for group, fields in found if fields]


def fingerprint(header: Sequence[str]) -> str:
    """The same for two files with the same headings in the same order."""
    return hashlib.sha256("\x1f".join(map(plain, header)).encode()).hexdigest()
