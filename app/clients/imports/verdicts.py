"""What becomes of a row: new, an update of somebody who is here, a duplicate to be decided on, or wrong; and why."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext as _

from ...imports.verdicts import Judgement, Verdict
from ...sorting import sort_name
from ..labels import FIELDS
from .differences import differences
from .here import Here
from .seen import Seen, key_of_vessel, keys_of, marks_of
from .vessel_rows import OF_VESSELS, UNIQUE, vessel_of, whose

SEVERAL = 5
RowAt = Callable[[int], Mapping[str, Any] | None]


def judge(
    fields: Mapping[str, Any],
    number: int,
    here: Here,
    seen: Seen,
    *,
    may_update: bool,
    row_at: RowAt = lambda _row: None,
) -> Judgement:
    """The verdict on a row that can be read; it is remembered in `seen` when the row will be used. `row_at`: the fields
    of a row above, to tell whether it has the same client and only another vessel."""
    vessel = vessel_of(fields)
    if above := seen.above(keys_of(fields)):
        row, (kind, _value) = above
        if vessel and (twin := row_at(row)):
            return _another_vessel(fields, number, row, twin, here, seen)
        text = _("Same %(what)s as row %(row)d of this file. Row %(row)d is used, this one is left out.")
        return Judgement(Verdict.DUPLICATE, text % {"what": _what(kind), "row": row}, twin=row)
    if (
        vessel
        and not fields["contacts"]
        and (named := seen.names.get(hash(sort_name(fields["full_name"])))) is not None
    ):
        if not named:
            text = _("Several rows above are of a %(name)s. Say by e-mail or phone which of them has this vessel.")
            return Judgement(Verdict.DUPLICATE, text % {"name": fields["full_name"]})
        if twin := row_at(named):
            return _another_vessel(fields, number, named, twin, here, seen)
    found = _compared(fields, here, may_update=may_update)
    if found.verdict == Verdict.UPDATE and (above := seen.above([("client", str(found.record_id))])):
        if vessel and (twin := row_at(above[0])) and not _says_otherwise(fields, twin):
            return _another_vessel(fields, number, above[0], twin, here, seen)
        text = _("Row %(row)d of this file changes %(name)s already.")
        name = here.clients[found.record_id]["full_name"] if found.record_id else ""
        return Judgement(Verdict.DUPLICATE, text % {"row": above[0], "name": name}, found.record_id, above[0])
    if found.verdict in (Verdict.NEW, Verdict.UPDATE):
        found = _its_vessel(vessel, found, here, seen)
    if found.verdict in (Verdict.NEW, Verdict.UPDATE):
        seen.add_client(fields, number, found.record_id)
    return found


def _its_vessel(vessel: Mapping[str, Any], found: Judgement, here: Here, seen: Seen) -> Judgement:
    """The same verdict, unless somebody else has the vessel, or it stands above."""
    if taken := here.fleet.taken(vessel, found.record_id):
        mark, other = taken
        if mark in UNIQUE:
            return Judgement(Verdict.WRONG, whose(mark, other), problem=OF_VESSELS + mark)
        return Judgement(Verdict.DUPLICATE, whose(mark, other), found.record_id, differences=found.differences)
    if above := seen.above(marks_of(vessel)):
        row, (mark, value) = above
        text = _("The vessel %(value)s stands in row %(row)d of this file already.") % {"value": value, "row": row}
        if mark in UNIQUE:
            return Judgement(Verdict.WRONG, text, problem=OF_VESSELS + mark)
        return Judgement(Verdict.DUPLICATE, text, found.record_id, row, found.differences)
    return found


def _another_vessel(
    fields: Mapping[str, Any], number: int, row: int, twin: Mapping[str, Any], here: Here, seen: Seen
) -> Judgement:
    """The row has the client of a row above, `twin`, and is used for its vessel alone."""
    vessel, client_id = vessel_of(fields), seen.clients.get(row)
    if other := _says_otherwise(fields, twin):
        text = _("Row %(row)d has the same client, with another %(field)s. Where only the vessel differs, it is added.")
        return Judgement(Verdict.DUPLICATE, text % {"row": row, "field": other}, client_id, row)
    if above := seen.above([key_of_vessel(vessel, row, client_id)]):
        text = _("Row %(row)d of this file names the same vessel of %(name)s.")
        return Judgement(Verdict.DUPLICATE, text % {"row": above[0], "name": fields["full_name"]}, client_id, above[0])
    differences = here.fleet.differences(vessel, client_id)
    if not differences:
        text = _("%(vessel)s of %(name)s is here already, and nothing differs.")
        words = {"vessel": vessel["name"], "name": fields["full_name"]}
        return Judgement(Verdict.DUPLICATE, text % words, client_id, row)
    found = _its_vessel(vessel, Judgement(Verdict.UPDATE, "", client_id, row, differences), here, seen)
    if found.verdict == Verdict.UPDATE:
        seen.add_vessel(vessel, row, client_id, number)
    return found


def _says_otherwise(fields: Mapping[str, Any], twin: Mapping[str, Any]) -> str:
    """The field, as it is called, in which a row differs from one of the same client above; an empty cell does not."""
    if not is_same_name(fields, twin):
        return str(FIELDS["full_name"].label)
    there = {(contact["kind"], contact["normalised"]) for contact in twin["contacts"]}
    for contact in fields["contacts"]:
        if (contact["kind"], contact["normalised"]) not in there:
            return _what(contact["kind"])
    apart = {"full_name", "contacts", "assumed"}
    for name, value in fields.items():
        if name not in apart and not name.startswith(OF_VESSELS) and value not in (None, "", [], twin.get(name)):
            return str(FIELDS[name].label) if name in FIELDS else _("field of the client")
    return ""


def _compared(fields: Mapping[str, Any], here: Here, *, may_update: bool) -> Judgement:
    met: dict[uuid.UUID, str] = {}
    for contact in fields["contacts"]:
        for client_id in here.by_contact.get((contact["kind"], contact["normalised"]), ()):
            met.setdefault(client_id, contact["kind"])
    numbered = here.by_number.get(fields["number"]) if isinstance(fields.get("number"), int) else None
    if numbered and (numbered in met or is_same_name(fields, here.clients[numbered])):
        return _update(fields, numbered, here, renames=True, may_update=may_update)
    if not fields["contacts"]:
        for client_id in here.by_name.get(sort_name(fields["full_name"]), ())[:1]:
            text = _("%(name)s is here already. The row has no e-mail or phone that could tell them apart.")
            name = here.clients[client_id]["full_name"]
            return Judgement(Verdict.DUPLICATE, text % {"name": name}, client_id)
    if not met:
        return Judgement(Verdict.NEW)
    if len(met) > 1:
        return Judgement(Verdict.DUPLICATE, _belongs_to_several(met, here), next(iter(met)))
    ((client_id, kind),) = met.items()
    if is_same_name(fields, here.clients[client_id]):
        return _update(fields, client_id, here, renames=False, may_update=may_update)
    words = {"what": _what(kind), "name": here.clients[client_id]["full_name"]}
    if is_close_name(fields["full_name"], words["name"]):
        text = _("Same %(what)s as %(name)s, and a name close to it.", **words)
    else:
        text = _("Same %(what)s as %(name)s, under another name.", **words)
    return Judgement(Verdict.DUPLICATE, text, client_id)


def _update(
    fields: Mapping[str, Any], client_id: uuid.UUID, here: Here, *, renames: bool, may_update: bool
) -> Judgement:
    found, name = differences(fields, client_id, here, renames=renames), here.clients[client_id]["full_name"]
    if not found:
        return Judgement(Verdict.DUPLICATE, _("%(name)s is here already, and nothing differs.", name=name), client_id)
    if not may_update:
        text = _("%(name)s is here already. You may add clients, not change them.", name=name)
        return Judgement(Verdict.DUPLICATE, text, client_id, differences=found)
    return Judgement(Verdict.UPDATE, "", client_id, differences=found)


def _belongs_to_several(met: Mapping[uuid.UUID, str], here: Here) -> str:
    shown = list(met.items())[:SEVERAL]
    said = [_("%(what)s: %(name)s", what=_what(kind), name=here.clients[who]["full_name"]) for who, kind in shown]
    return _("What is in this row belongs to several clients (%(list)s).", list=", ".join(said))


def _what(kind: str) -> str:
    words = {"email": _("e-mail"), "phone": _("phone"), "whatsapp": _("WhatsApp number"), "address": _("address")}
    return words.get(kind) or _("name")


def is_same_name(fields: Mapping[str, Any], client: Mapping[str, Any]) -> bool:
    """`Koskinen, Heikki` and `Heikki Koskinen` are the same."""
    return _parts(fields["full_name"]) == _parts(client["full_name"])


def _parts(name: str) -> list[str]:
    return sorted(re.findall(r"[^\s,.]+", sort_name(name)))


def is_close_name(one: str, other: str) -> bool:
    from rapidfuzz import fuzz  # only in the worker

    ours, theirs = _parts(one), _parts(other)
    if ours and theirs and {part[0] for part in ours} <= {part[0] for part in theirs} and set(ours) & set(theirs):
        return True
    return bool(fuzz.token_set_ratio(" ".join(ours), " ".join(theirs)) >= 80)
