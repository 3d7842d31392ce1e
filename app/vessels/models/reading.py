"""How the fields of a vessel are read from text, and how their values read: what files and forms ask for."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from flask_babel import gettext as _

from ...codes import country_code
from ...fields.models import FieldDefinition, FieldKind, RecordField, Unfit
from ...measures import BEAM, DRAFT, HEIGHT, LENGTH, read_length, read_weight
from ...sorting import sort_name
from .dimensions import NAMES
from .vessel import Vessel, VesselKind

READERS: dict[str, Callable[[str], Decimal]] = {
    "loa": partial(read_length, limit=LENGTH),
    "beam": partial(read_length, limit=BEAM),
    "draft": partial(read_length, limit=DRAFT),
    "air_draft": partial(read_length, limit=HEIGHT),
    "displacement": read_weight,
}
MOST_AMPERES = 2000
# As other systems and offices call the kinds.
KINDS = {
    **dict.fromkeys(("sailing", "sailboat", "sailing boat", "sloop", "ketch", "cutter", "s/y", "sy"), VesselKind.SAIL),
    **dict.fromkeys(("yawl", "schooner", "purjevene", "voilier", "segelboot", "segelyacht"), VesselKind.SAIL),
    **dict.fromkeys(("segelbat", "velero"), VesselKind.SAIL),
    **dict.fromkeys(("motorboat", "motor boat", "powerboat", "motor cruiser", "cruiser"), VesselKind.MOTOR),
    **dict.fromkeys(("speedboat", "day cruiser", "trawler", "m/y", "my", "moottorivene"), VesselKind.MOTOR),
    **dict.fromkeys(("bateau a moteur", "motorboot", "motoryacht", "motorbat"), VesselKind.MOTOR),
    **dict.fromkeys(("cat", "katamaran", "katamaraani"), VesselKind.CATAMARAN),
    **dict.fromkeys(("tri", "trimaraani"), VesselKind.TRIMARAN),
    **dict.fromkeys(("inflatable", "dinghy", "tender", "zodiac"), VesselKind.RIB),
    **dict.fromkeys(("yacht", "superyacht", "boat", "vessel", "ship", "houseboat", "barge"), VesselKind.OTHER),
    **dict.fromkeys(("narrowboat", "fishing boat", "workboat", "work boat", "tug", "jet ski"), VesselKind.OTHER),
}
AMPERES = re.compile(r"(?P<amperes>\d{1,5})(?:\.0+)?\s*(?:a|amp|amps|amperes?)?", re.IGNORECASE | re.ASCII)
PHASES = re.compile(r"(?P<count>[13])(?:\.0+)?\s*(?:~|ph|-?\s*phases?)?", re.IGNORECASE | re.ASCII)


def imo_number(typed: str) -> str:
    """`IMO 9074729` → `9074729`. Raises ValueError."""
    number = re.sub(r"^imo|[\s.-]", "", typed.lower())
    if not re.fullmatch(r"[0-9]{7}", number):
        raise ValueError(_("An IMO number has seven digits, such as 9074729."))
    if sum(int(digit) * weight for digit, weight in zip(number, range(7, 1, -1), strict=False)) % 10 != int(number[6]):
        raise ValueError(_("The last digit of this IMO number does not fit the others; one is mistyped."))
    return number


def mmsi_number(typed: str) -> str:
    """Raises ValueError."""
    number = re.sub(r"^mmsi|[\s.-]", "", typed.lower())
    if not re.fullmatch(r"[0-9]{9}", number):
        raise ValueError(_("An MMSI has nine digits, such as 230012340."))
    return number


def fields_of_vessels(port_id: uuid.UUID) -> list[RecordField]:
    """In the order of the form; one statement, for the custom ones."""
    custom = FieldDefinition.of(Vessel.resource, port_id=port_id)
    return [*built_in_fields(), *map(RecordField.custom, custom)]


def built_in_fields() -> list[RecordField]:
    from ..labels import FIELDS  # which needs the kinds of this package

    readers = _readers()
    measures = {f"{name}_declared" for name in NAMES} | {"power_amps"}
    return [
        RecordField(
            key=name,
            label=str(FIELDS[name].label),
            kind=FieldKind.NUMBER if name in measures else FieldKind.TEXT,
            words=FIELDS[name].words,
            read=readers[name],
        )
        for name in Vessel.EDITABLE
    ]


def _readers() -> Mapping[str, Callable[[str], Any]]:
    from ..labels import KINDS as LABELS

    kinds = {word: kind for kind, label in LABELS for word in (str(kind), sort_name(str(label)))} | KINDS
    return {
        "name": _text,
        "kind": lambda typed: _kind(typed, kinds),
        "flag": _flag,
        "registration": _text,
        "imo": _unfit(imo_number),
        "mmsi": _unfit(mmsi_number),
        "power_amps": _amperes,
        "power_phases": _phases,
        **{f"{name}_declared": _unfit(reader) for name, reader in READERS.items()},
    }


def _text(typed: str) -> str:
    return " ".join(typed.replace("\x00", "").split())


def _kind(typed: str, kinds: Mapping[str, Any]) -> str:
    kind = kinds.get(sort_name(typed))
    if kind is None:
        raise Unfit(_("“%(text)s” is no kind of vessel.", text=typed[:40]))
    return str(kind)


def _flag(typed: str) -> str:
    code = country_code(typed)
    if code is None:
        raise Unfit(_("“%(name)s” is not a country.", name=typed[:40]))
    return code


def _amperes(typed: str) -> int:
    found = AMPERES.fullmatch(typed.strip())
    if not found or not 1 <= int(found["amperes"]) <= MOST_AMPERES:
        raise Unfit(_("Write amperes such as 32, at most 2000."))
    return int(found["amperes"])


def _phases(typed: str) -> int:
    found = PHASES.fullmatch(typed.strip())
    if not found:
        raise Unfit(_("Write 1 or 3 phases."))
    return int(found["count"])


def _unfit(reader: Callable[[str], Any]) -> Callable[[str], Any]:
    def read(typed: str) -> Any:
        try:
            return reader(typed)
        except ValueError as error:
            raise Unfit(str(error)) from error

    return read
