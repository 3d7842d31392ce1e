"""What a column of a contact file can fill, and the headings that say so.

Behind the bar of a contact's target stands its label (`phone|Mobile`). A column of labels belongs to the next contact
on its right.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from ...imports.columns import OWN, Field, plain
from ...imports.columns import guess as guessed
from ..fields import LONGEST
from ..labels import FIELDS as FIELD_WORDS
from .vessel_rows import NUMBER, OF_VESSELS

NAME, CONTACT, PLACE, MORE, VESSEL = _("Name"), _("Contacts"), _("Address"), _("More"), _("Vessel")
OWN_OF_VESSELS = _("Fields of this port, of vessels")
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
    Field(NUMBER, _("Vessel number"), VESSEL, 12, help=_("as an export has it")),
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

LABELS = {
    "home": "Home",
    "business": "Work",
    "work": "Work",
    "mobile": "Mobile",
    "other": "Other",
    "company main": "Company",
    "primary": "",
}


def guess(heading: str) -> str:
    """The target of a column by its heading alone; empty where it says nothing."""
    key = guessed(heading, FIELD_OF)
    if key == "phone":
        word = plain(heading)
        label = next((label for start, label in LABELS.items() if word.startswith(start)), "")
        return f"phone|{label}" if label else key
    return key
