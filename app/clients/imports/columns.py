"""What the columns of contact files fill: the fields of clients and of their vessels, built in and the port's own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Sequence
from typing import Self

from flask_babel import gettext

from ...fields.models import RecordField
from ...imports import columns
from ...imports.columns import OWN, Matched, plain
from ...vessels.models import fields_of_vessels
from ...vessels.models.reading import built_in_fields as built_in_fields_of_vessels
from ..fields import built_in_fields, fields_of_clients
from .programs import program_of
from .targets import CONTACTS, FIELDS, GROUPS, NAMED_BY, OWN_OF_VESSELS, VESSEL_BY, guess
from .vessel_rows import OF_VESSELS


class Columns(columns.Columns):
    """`may_tag`: whoever brings the file may put tags on clients."""

    GROUPS = GROUPS

    def __init__(
        self,
        clients: Sequence[RecordField] | None = None,
        vessels: Sequence[RecordField] | None = None,
        *,
        may_tag: bool = True,
    ) -> None:
        clients = built_in_fields() if clients is None else clients
        vessels = built_in_fields_of_vessels() if vessels is None else vessels
        super().__init__([field for field in FIELDS if may_tag or field.key != "tags"], {})
        for field in clients:
            if field.is_custom:
                self.offer(field.key, field.label, OWN)
        for field in vessels:
            if field.is_custom:
                words = gettext("Vessel: %(field)s", field=field.label)
                self.offer(OF_VESSELS + field.key, words, OWN_OF_VESSELS)
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
        return self._offered(guess(heading))

    def _offered(self, target: str) -> str:
        """Empty for what is not for whoever brings the file."""
        return target if target.partition("|")[0] in self.by_key else ""

    def match(self, header: Sequence[str]) -> Matched:
        if program := program_of(header):
            targets = [self._offered(target) for target in program.targets(list(header))]
            return Matched(targets, program.name, is_certain=True)
        return super().match(header)

    def missing(self, keys: Collection[str]) -> str:
        if not NAMED_BY & set(keys):
            return gettext("Say which column holds the name, or the first and last name, or the company.")
        if any(key.startswith(OF_VESSELS) for key in keys) and not VESSEL_BY & set(keys):
            return gettext("Say which column holds the name of the vessel, or its registration.")
        return ""
