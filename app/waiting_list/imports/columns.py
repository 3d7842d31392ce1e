"""What the columns of a file of people who wait can fill, and how each is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from ...current import CurrentPort
from ...db import db
from ...fields.models import RecordField, Unfit
from ...formats import format_day
from ...imports import columns, readers
from ...imports.columns import Field, readable
from ...measures import BEAM, DRAFT, HEIGHT, LENGTH
from ..labels import CLASSES
from ..models import PriorityClass, WaitingList

LIST, WHO, VESSEL, MORE = _("Waiting list"), _("Client"), _("Vessel"), _("More")
LIMITS = {"loa": LENGTH, "beam": BEAM, "draft": DRAFT, "air_draft": HEIGHT}
FIELDS = (
    Field("list", _("Waiting list"), LIST, 100, names="list waitinglist queue jono jonotuslista ko kolista warteliste"),
    Field(
        "requested_on",
        _("Asked on"),
        LIST,
        40,
        names="askedon requested requestedon requestedat requestdate date datum since applied appliedon hakupaiva pvm"
        " jonotusalkaen ansokningsdatum",
    ),
    Field("position", _("Place in line"), LIST, 12, names="position place placeinline rank no number jnro sija plats"),
    Field(
        "full_name",
        _("Name"),
        WHO,
        names="name fullname client clientname applicant customer nimi hakija namn sokande nom nombre",
    ),
    Field("email", _("E-mail"), WHO, names="email emailaddress mail eposta epost sahkoposti correo"),
    Field("phone", _("Phone"), WHO, names="phone phonenumber telephone mobile puhelin puhelinnumero tel telefon gsm"),
    Field("client_number", _("Client number"), WHO, 12, names="clientnumber customernumber asiakasnumero kundnummer"),
    Field(
        "vessel",
        _("Vessel"),
        VESSEL,
        120,
        names="vessel vesselname boat boatname yacht ship vene veneennimi alus bateau boot bat barco",
        help=_("one of the client's"),
    ),
    Field("loa", _("Length"), VESSEL, 40, names="length loa boatlength vessellength pituus langd lange"),
    Field("beam", _("Beam"), VESSEL, 40, names="beam width boatwidth vesselbeam leveys bredd breite"),
    Field("draft", _("Draft"), VESSEL, 40, names="draft draught vesseldraft syvays djupgaende tiefgang"),
    Field("air_draft", _("Air draft"), VESSEL, 40, names="airdraft airdraught height mastheight"),
    Field("priority_class", _("Class"), MORE, 60, names="class priority priorityclass group ryhma grupp"),
    Field("notes", _("Notes"), MORE, 2000, names="note notes comment comments remarks huomautus anmarkning"),
)
# Who it is, by one of these.
WHOSE = frozenset({"full_name", "email", "phone", "client_number"})
CLASS_WORDS = {
    **dict.fromkeys(("berth holder", "has a berth", "paikan haltija"), PriorityClass.HOLDER),
    **dict.fromkeys(("local", "lives here", "asukas"), PriorityClass.RESIDENT),
    **dict.fromkeys(("others", "everybody else", "muu", "none"), PriorityClass.OTHER),
}


class Columns(columns.Columns):
    """`waiting_list`: which one the rows are for that do not say it; empty where they have to."""

    GROUPS, MEASURES = (LIST, WHO, VESSEL, MORE), LIMITS

    def __init__(self, waiting_list: str = "") -> None:
        super().__init__(FIELDS, built_in_fields())
        self.waiting_list = waiting_list

    @classmethod
    def of(cls, port: CurrentPort) -> Columns:
        """One statement: where a port has one list, a file need not say which."""
        own = select(WaitingList.name).where(WaitingList.port_id == port.id, WaitingList.archived_at.is_(None)).limit(2)
        names = db.session.scalars(own).all()
        return cls(names[0] if len(names) == 1 else "")

    def missing(self, keys: Collection[str]) -> str:
        if not WHOSE & set(keys):
            return gettext("Say which column holds the client: the name, e-mail, phone or client number.")
        if "requested_on" not in keys:
            return gettext("Say which column holds the day on which they asked.")
        if "list" not in keys and not self.waiting_list:
            return gettext("Say which column holds the waiting list, or make a list first.")
        return ""


def built_in_fields() -> dict[str, RecordField]:
    labels = {field.key: field.label for field in FIELDS}
    words: dict[str, Callable[[Any], str]] = {
        "requested_on": lambda value: str(format_day(value)),
        "priority_class": lambda value: str(dict(CLASSES).get(value, value)),
    }
    read: dict[str, Callable[[str], Any]] = {
        "requested_on": _day,
        "position": _position,
        "client_number": _number,
        "priority_class": partial(readers.one_of, CLASSES, CLASS_WORDS),
        **{name: partial(readers.length, limit=limit) for name, limit in LIMITS.items()},
    }
    return {
        key: readable(key, labels[key], reader, words=words.get(key, str), is_number=key in LIMITS)
        for key, reader in read.items()
    }


def _day(typed: str) -> str:
    return readers.past_day(typed, gettext("Nobody asked on a day that is still to come."))


def _position(typed: str) -> int:
    digits = typed.strip().removesuffix(".").removesuffix(".0")
    if not (digits.isascii() and digits.isdecimal() and 1 <= int(digits[:9]) <= 80_000):
        raise Unfit(gettext("“%(text)s” is no place in line.", text=typed[:40]))
    return int(digits)


def _number(typed: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", typed.strip(), re.ASCII):
        raise Unfit(gettext("“%(number)s” is no client number.", number=typed[:40]))
    return int(typed)
