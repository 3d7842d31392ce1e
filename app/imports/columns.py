"""Columns of files ↔ fields of records: which targets there are, and which a file's headings mean.

A column's target is the key of a `Field`, with something of its own behind a bar where the heading says it
(`phone|Mobile`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from ..fields.models import FieldKind, RecordField
from ..sorting import sort_name

LONGEST_OWN = 500  # of a field of the port's own

OWN = _("Fields of this port")  # the group that they are offered in
WHY = _("Why it was left out")  # the column of a file of errors, which may come back corrected


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


def readable(
    key: str,
    label: Any,
    read: Callable[[str], Any],
    *,
    words: Callable[[Any], str] = str,
    is_number: bool = False,
) -> RecordField:
    """A built-in field with what reads its cells; numbers may be written with a comma."""
    kind = FieldKind.NUMBER if is_number else FieldKind.TEXT
    return RecordField(key=key, label=str(label), kind=kind, words=words, read=read)


@dataclass(frozen=True)
class Matched:
    """The targets of the columns, in their order (empty: left out); `source` says whose file it is. `is_certain`:
    nobody has to look at it."""

    targets: list[str]
    source: str = ""
    is_certain: bool = False


class Columns:
    """What the columns of a port's files can be: built-in fields and the port's own, each with what reads it.
    `MEASURES`: lengths and weights, whose headings may say a unit."""

    GROUPS: ClassVar[Sequence[Any]] = ()
    MEASURES: ClassVar[Collection[str]] = ()

    def __init__(self, fields: Sequence[Field], read: Mapping[str, RecordField]) -> None:
        self.fields, self.read = list(fields), dict(read)
        self.by_key = {field.key: field for field in self.fields}
        self.by_label = {plain(str(field.label)): field.key for field in self.fields}
        self.by_name = {name: field.key for field in self.fields for name in field.names.split()}

    def offer(self, key: str, label: str, group: Any) -> None:
        """A field of the port's own; called so that its heading finds it again."""
        heading = f"{label} ({key})" if plain(label) in self.by_label else label
        field = Field(key, heading, group, LONGEST_OWN)
        self.by_label[plain(heading)], self.by_key[key] = key, field
        self.fields.append(field)

    def offer_own(self, fields: Iterable[RecordField]) -> None:
        """All that the port made up for such records."""
        for field in fields:
            self.offer(field.key, field.label, OWN)
            self.read[field.key] = field

    def target_of(self, heading: str) -> str:
        """By its label, or by what others call it; empty where it says nothing."""
        return self.by_label.get(plain(heading)) or guess(heading, self.by_name)

    def match(self, header: Sequence[str]) -> Matched:
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
        return self.missing(set(keys))

    def missing(self, keys: Collection[str]) -> str:
        """What a file has to say that these fields do not, in words."""
        return ""

    def label_of(self, target: str) -> str:
        """What a column fills, in words; also the heading by which `match` knows it."""
        key, _bar, label = target.partition("|")
        words = str(self.by_key[key].label) if key in self.by_key else key
        return f"{words} ({label})" if label else words

    def groups(self) -> list[tuple[Any, list[Field]]]:
        """The fields as the mapping page offers them."""
        found = [(group, [field for field in self.fields if field.group is group]) for group in self.GROUPS]
        return [(group, fields) for group, fields in found if fields]


def fingerprint(header: Sequence[str]) -> str:
    """The same for two files with the same headings in the same order."""
    return hashlib.sha256("\x1f".join(map(plain, header)).encode()).hexdigest()


def plain(heading: str) -> str:
    return sort_name(heading)


def letters(heading: str) -> str:
    return re.sub(r"[\W\d_]+", "", plain(heading))


# `LOA (ft)`, `Length, m`, `length_m`, `Displacement kg`
UNIT = re.compile(
    r"(?<=[^\s_])[\s,_]*(?:[(\[]\s*|[\s_]|\bin\s+)"
    r"(m|cm|mm|ft|kg|kgs|t|lbs?|metres?|meters?|feet|tons?|tonnes?)\.?\s*[)\]]?$"
)


def unit_of(heading: str) -> str:
    """The unit that a heading says its numbers are in; empty where it says none."""
    found = UNIT.search(plain(heading))
    return found[1] if found else ""


def guess(heading: str, known: Mapping[str, str]) -> str:
    """What `known` has for the letters of a heading, with or without its unit; empty where it says nothing."""
    return known.get(letters(heading), "") or known.get(letters(UNIT.sub("", plain(heading))), "")
