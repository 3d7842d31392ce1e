"""What stood in the rows above, so that two rows about one client are told."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from ...sorting import sort_name
from .vessel_rows import MARKS, mark_of, vessel_of


class Seen:
    """What stood in the rows above: a contact, a name without contacts, a client a row changes, a vessel → the row.

    As short digests: a file of 200,000 rows has half a million contacts. `names`, in a file with vessels: of clients
    who may get another one by their name alone, 0 where several are called so; `clients`: of rows that change
    somebody, whom.
    """

    def __init__(self, *, keeps_names: bool = False) -> None:
        self.keeps_names = keeps_names
        self.rows: dict[int, int] = {}
        self.names: dict[int, int] = {}
        self.clients: dict[int, uuid.UUID] = {}

    def above(self, keys: Iterable[tuple[str, str]]) -> tuple[int, tuple[str, str]] | None:
        for key in keys:
            if found := self.rows.get(hash(key)):
                return found, key
        return None

    def with_same_client(self, fields: Mapping[str, Any]) -> list[int]:
        """The rows above of which a row that names a vessel may bring another one."""
        if not vessel_of(fields):
            return []
        above, named = self.above(keys_of(fields)), self.names.get(hash(sort_name(fields["full_name"])))
        return [row for row in (above and above[0], named) if row]

    def add(self, keys: Iterable[tuple[str, str]], number: int) -> None:
        for key in keys:
            self.rows.setdefault(hash(key), number)

    def add_client(self, fields: Mapping[str, Any], number: int, client_id: uuid.UUID | None) -> None:
        """A row that is used: whoever is in it, and the vessel."""
        self.add(keys_of(fields), number)
        if client_id is not None:
            self.add([("client", str(client_id))], number)
            self.clients[number] = client_id
        if self.keeps_names:
            name = hash(sort_name(fields["full_name"]))
            self.names[name] = 0 if name in self.names else number
        if vessel := vessel_of(fields):
            self.add_vessel(vessel, number, client_id, number)

    def add_vessel(self, vessel: Mapping[str, Any], of: int, client_id: uuid.UUID | None, number: int) -> None:
        """`of`: the row with the client."""
        self.add([key_of_vessel(vessel, of, client_id), *marks_of(vessel)], number)


def keys_of(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What tells that two rows are about the same client."""
    if fields["contacts"]:
        return [(contact["kind"], contact["normalised"]) for contact in fields["contacts"]]
    return [("name", sort_name(fields["full_name"]))]


def key_of_vessel(vessel: Mapping[str, Any], of: int, client_id: uuid.UUID | None) -> tuple[str, str]:
    return "vessel", f"{client_id or of}:{mark_of(vessel)}"


def marks_of(vessel: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(mark, vessel[mark]) for mark in MARKS if vessel.get(mark)]
