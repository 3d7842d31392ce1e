"""What a column of a file of berths can fill, and the headings that say so.

A key that begins with `harbour_` or `dock_` is of the harbour or the dock of the row; the rest is of the berth.
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from ...imports.columns import OWN, Field
from ..labels import DOCK_FIELDS, HARBOUR_FIELDS
from ..labels import FIELDS as BERTH_FIELDS

HARBOUR, DOCK, BERTH, TERMS, MORE = _("Harbour"), _("Dock"), _("Berth"), _("Terms"), _("More")
GROUPS = (HARBOUR, DOCK, BERTH, TERMS, MORE, OWN)
OF_HARBOURS, OF_DOCKS = "harbour_", "dock_"
ACTIVE = "is_active"


def _berth(name: str, group: Any, names: str, longest: int = 60, **more: Any) -> Field:
    """A field of berths, as their form calls it."""
    return Field(name, BERTH_FIELDS[name].label, group, longest, names=names, **more)


FIELDS = (
    Field(
        "harbour",
        _("Harbour"),
        HARBOUR,
        100,
        names="harbour harbourname harbor harborname marina basin satama venesatama hamn smabatshamn hafen puerto",
    ),
    Field(
        "harbour_address",
        _("Address of the harbour"),
        HARBOUR,
        names="address streetaddress street harbouraddress osoite adress adresse direccion",
    ),
    Field(
        "harbour_postcode",
        _("Postcode of the harbour"),
        HARBOUR,
        20,
        names="postcode zip zipcode postalcode harbourpostcode postinumero postnummer plz codepostal",
    ),
    Field(
        "harbour_region",
        _("Region of the harbour"),
        HARBOUR,
        60,
        names="region area district harbourregion alue kaupunginosa omrade",
    ),
    Field(
        "dock",
        _("Dock"),
        DOCK,
        60,
        names="dock dockname pier piername pontoon quay jetty laituri brygga brygg steg ponton muelle pantalan",
        help=_("empty: a harbour without docks"),
    ),
    Field(
        "dock_price_tier",
        _("Price tier"),
        DOCK,
        10,
        names="pricetier tier pricegroup priceclass pricecategory hintaluokka hintaryhma prisklass preisklasse",
    ),
    Field(
        "dock_has_power",
        _("Electricity"),
        DOCK,
        20,
        names="electricity power sahko el strom electricite electricidad",
        help=_("yes or no"),
    ),
    Field("dock_has_gate", _("Gate"), DOCK, 20, names="gate lockedgate portti grind tor", help=_("yes or no")),
    Field(
        "dock_has_lighting",
        _("Lighting"),
        DOCK,
        20,
        names="lighting light lights valaistus belysning beleuchtung",
        help=_("yes or no"),
    ),
    Field(
        "dock_latitude",
        _("Latitude of the dock"),
        DOCK,
        40,
        names="latitude lat pierlat pierlatitude docklat docklatitude leveysaste breddgrad",
    ),
    Field(
        "dock_longitude",
        _("Longitude of the dock"),
        DOCK,
        40,
        names="longitude lon lng long pierlon pierlng pierlongitude docklon docklng docklongitude pituusaste langdgrad",
    ),
    _berth(
        "code",
        BERTH,
        "berth berthnumber berthno berthcode number no code slip slipnumber place placenumber paikka paikkanumero"
        " venepaikka plats batplats platsnummer liegeplatz amarre",
        20,
    ),
    _berth("max_loa", BERTH, "length berthlength maxlength maxloa loa pituus langd lange longueur eslora"),
    _berth("max_beam", BERTH, "width berthwidth maxwidth beam maxbeam leveys bredd breite largeur manga"),
    _berth("depth", BERTH, "depth waterdepth berthdepth syvyys vedensyvyys djup tiefe profondeur profundidad"),
    _berth("mooring", BERTH, "mooring mooringtype mooringkind kiinnitys kiinnitystapa fortojning festmachen amarrage"),
    _berth("has_water", BERTH, "water vesi vatten wasser eau agua", 20, help=_("yes or no")),
    _berth("side", BERTH, "side sideofthedock puoli sida seite"),
    _berth("min_loa", BERTH, "shortestboat minlength minloa minimumlength"),
    _berth("max_height", BERTH, "height maxheight bridgeheight korkeus hojd"),
    _berth("power_amps", BERTH, "shorepowerinamperes shorepower poweramps amps ampere amperes sulake", 20),
    _berth("power_phases", BERTH, "phases powerphases vaiheet faser", 20),
    _berth("has_fuel", BERTH, "fuel polttoaine bransle", 20, help=_("yes or no")),
    _berth("sounded_on", BERTH, "soundedon sounded measuredon depthmeasured"),
    _berth("datum", BERTH, "datum depthdatum", 40),
    _berth("tenure", TERMS, "tenure tenuretype contracttype"),
    _berth("tenure_expires_on", TERMS, "tenureexpires tenureexpireson expires expireson contractends"),
    _berth("price", TERMS, "price hinta pris preis prix precio"),
    _berth("currency", TERMS, "currency valuutta valuta wahrung devise moneda", 3),
    _berth("price_period", TERMS, "pricefor priceperiod period"),
    _berth("notes", MORE, "notes note comment comments remarks huomautus huomautukset anmarkning bemerkung", 4000),
    Field("tags", _("Tags"), MORE, 500, names="tag tags berthtags", help=_("with ; or , between them")),
    Field(
        ACTIVE,
        _("In use"),
        MORE,
        20,
        names="active inuse isactive aktiivinen kaytossa aktiv actif activo",
        help=_("no: the berth comes in archived"),
    ),
)
# Of the ground: what a row says of its harbour and its dock, by the row's key.
GROUND = {
    **{f"{OF_HARBOURS}{name}": HARBOUR_FIELDS[name] for name in ("address", "postcode", "region")},
    **{
        f"{OF_DOCKS}{name}": DOCK_FIELDS[name]
        for name in (
            "price_tier",
            "has_power",
            "has_water",
            "has_gate",
            "has_lighting",
            "latitude",
            "longitude",
        )
    },
}
