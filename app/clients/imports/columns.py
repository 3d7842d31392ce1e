"""Columns of files ↔ fields of clients, both ways: which targets a port has, and which a file's headings mean."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from flask_babel import gettext

from ...fields.models import RecordField
from ...vessels.models import fields_of_vessels
from ...vessels.models.reading import built_in_fields as built_in_fields_of_vessels
from ..fields import built_in_fields, fields_of_clients
from .programs import PROGRAMS
from .targets import (
    CONTACTS,
    FIELDS,
    GROUPS,
    LONGEST_OWN,
    NAMED_BY,
    OWN,
    OWN_OF_VESSELS,
    VESSEL_BY,
    WHY,
    Field,
    guess,
    plain,
)
from .vessel_rows import OF_VESSELS


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
        for program in PROGRAMS:
            if program.tells <= plains:
                return Matched(program.targets(list(header)), program.name, is_certain=True)
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
