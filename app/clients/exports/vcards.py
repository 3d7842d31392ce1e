"""Clients as vCard 4.0 (RFC 6350), for phones and address books; several cards follow each other in one file.

Labels stand as TYPE where the standard has a word for them and besides as X-ABLabel, which address books show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from ...formats import format_country
from ..models import ClientKind, ContactKind
from .outgoing import Outgoing

LONGEST_LINE = 75  # octets, without its end
# What no value may hold: control characters but for the line break, which is escaped, and the tab.
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
WORK = frozenset({"work", "office", "business", "company", "tyo", "travail", "arbeit", "arbete", "trabajo"})
HOME = frozenset({"home", "private", "personal", "koti", "maison", "privat", "hem", "casa"})
CELL = frozenset({"mobile", "cell", "gsm", "matkapuhelin", "portable", "handy", "mobil", "movil"})


def as_vcards(batches: Iterable[Sequence[Outgoing]], *, with_words: bool) -> Iterator[bytes]:
    """`with_words`: what the marina wrote about them, too: notes and tags."""
    for batch in batches:
        yield "".join(card_of(one, with_words=with_words) for one in batch).encode()


def card_of(one: Outgoing, *, with_words: bool) -> str:
    lines = ["BEGIN:VCARD", "VERSION:4.0", "PRODID:-//Quayside//EN", *_lines(one)]
    if with_words:
        lines += [f"NOTE:{escaped(body)}" for body in one.notes]
        if one.tags:
            lines.append("CATEGORIES:" + ",".join(map(escaped, one.tags)))
    return "".join(f"{folded(line)}\r\n" for line in (*lines, "END:VCARD"))


def _lines(one: Outgoing) -> Iterator[str]:
    client = one.client
    is_company = client.kind == ClientKind.COMPANY
    yield f"UID:urn:uuid:{client.id}"
    yield f"REV:{stamp(client.updated_at)}"
    yield f"KIND:{'org' if is_company else 'individual'}"
    yield f"FN:{escaped(client.full_name)}"
    if is_company:
        yield f"ORG:{escaped(client.full_name)}"
    else:
        yield f"N:{structured(*name_parts(client.full_name), '', '', '')}"
        if client.company_name:
            yield f"ORG:{escaped(client.company_name)}"
    if client.preferred_name:
        yield f"NICKNAME:{escaped(client.preferred_name)}"
    yield from _contact_lines(one)
    if client.street or client.postcode or client.town or client.region or client.country:
        country = format_country(client.country)
        yield "ADR:" + structured("", "", client.street, client.town, client.region, client.postcode, country)
    for at, language in enumerate(client.languages, start=1):
        yield f"LANG;PREF={min(at, 100)}:{language}"


def name_parts(name: str) -> tuple[str, str]:
    """Family and given name where a comma tells them apart; nobody's name is cut up by guessing."""
    family, comma, given = name.partition(",")
    return (family.strip(), given.strip()) if comma and given.strip() else ("", name)


def _contact_lines(one: Outgoing) -> Iterator[str]:
    item = 0
    for kind in ContactKind:
        for at, contact in enumerate(one.contacts.get(kind, ())):
            label = "WhatsApp" if kind == ContactKind.WHATSAPP and not contact.label else contact.label
            parameters = types_of(kind, label)
            if kind in (ContactKind.PHONE, ContactKind.WHATSAPP):
                named, value = "TEL;VALUE=uri", "tel:" + telephone(contact.value, contact.normalised)
            elif kind == ContactKind.EMAIL:
                named, value = "EMAIL", escaped(contact.value)
            else:
                named, value = "ADR", structured("", "", contact.value, "", "", "", "")
            if at == 0 and kind in (ContactKind.EMAIL, ContactKind.PHONE):
                parameters += ";PREF=1"
            if label:
                item += 1
                yield f"item{item}.{named}{parameters}:{value}"
                yield f"item{item}.X-ABLabel:{escaped(label)}"
            else:
                yield f"{named}{parameters}:{value}"


def types_of(kind: str, label: str) -> str:
    word = label.strip().casefold()
    place = ["work"] if word in WORK else ["home"] if word in HOME else []
    if kind == ContactKind.PHONE:
        place += ["cell"] if word in CELL else []
    elif kind == ContactKind.WHATSAPP:
        place += ["cell", "text"]
    return f';TYPE="{",".join(place)}"' if len(place) > 1 else f";TYPE={place[0]}" if place else ""


def telephone(value: str, number: str) -> str:
    """The number as a tel: address has it; an extension (`ext. 12`, `x12`) stands in what people see alone."""
    extension = re.search(r"(?:[a-z.]|#)\s*(\d{1,7})$", value, re.IGNORECASE)
    return f"{number};ext={extension[1]}" if extension else number


def stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def structured(*parts: str) -> str:
    return ";".join(map(escaped, parts))


def escaped(text: str) -> str:
    text = CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for mark in ("\\", ",", ";"):
        text = text.replace(mark, "\\" + mark)
    return text.replace("\n", "\\n")


def folded(line: str) -> str:
    """In lines of 75 octets at most, each after the first begun with a space; no character is cut apart."""
    if len(line) * 4 <= LONGEST_LINE or len(line.encode()) <= LONGEST_LINE:
        return line
    pieces, piece, size = [], "", 0
    for character in line:
        width = len(character.encode())
        if size + width > LONGEST_LINE:
            pieces.append(piece)
            piece, size = " ", 1
        piece += character
        size += width
    return "\r\n".join([*pieces, piece])
