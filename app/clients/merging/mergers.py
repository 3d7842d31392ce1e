"""Two clients side by side: what differs, what is taken from which, what moves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import text, union

from ...current import Member
from ...db import db
from ...fields.models import FieldDefinition
from ...identity.models import User
from ..labels import FIELDS
from ..models import Client, Duplicate, Merge
from ..models.finding import search
from ..models.merge import LEFT_OWNER
from .images import Later
from .links import LINKS, Link
from .own_fields import custom_pairs

MERGED = "merged"


@dataclass(frozen=True)
class Choice:
    """A field in which the two differ, with both values in words."""

    name: str
    label: str
    mine: str
    theirs: str
    takes_theirs: bool


@dataclass(frozen=True)
class Comparison:
    """`moves`: (label, how many rows of the merged client). `base` says on what the choice was made."""

    survivor: Client
    merged: Client
    choices: Sequence[Choice]
    same: Sequence[tuple[str, str]]
    moves: Sequence[tuple[str, int]]
    base: str
    was_changed: bool

    @property
    def taken(self) -> list[str]:
        return [choice.name for choice in self.choices if choice.takes_theirs]


def comparison(survivor: Client, merged: Client, *, chosen: Mapping[str, str] | None = None) -> Comparison:
    """What is chosen is kept; where nothing is, the survivor's value stands unless it has none."""
    owners = _owners(survivor, merged)
    choices, same = [], []
    for name, label, mine, theirs, said in _fields(survivor, merged, owners):
        if mine != theirs:
            default = MERGED if theirs and not mine else "survivor"
            takes = (chosen or {}).get(f"take-{name}", default) == MERGED
            choices.append(Choice(name, label, said(mine), said(theirs), takes))
        elif words := said(mine):
            same.append((label, words))
    versions = [str(survivor.id), survivor.version, str(merged.id), merged.version]
    sent = chosen.get("_base", "") if chosen is not None else None
    return Comparison(
        survivor, merged, choices, same, _moves(merged), _signer().dumps(versions), _is_other(sent, versions)
    )


def _fields(
    survivor: Client, merged: Client, owners: Mapping[Any, str]
) -> Iterator[tuple[str, str, Any, Any, Callable[[Any], str]]]:
    """Name, label, both values and how they are said, of every field; the port's own ones last."""
    for name in Client.EDITABLE:
        words = FIELDS[name].words
        said = (lambda value: owners.get(value, "")) if name == "owner_id" else words
        yield name, str(FIELDS[name].label), survivor.shown(name), merged.shown(name), said
    for pair in custom_pairs(survivor, merged):
        yield pair.name, pair.label, pair.mine, pair.theirs, pair.definition.shown


def _is_other(sent: str | None, versions: list[Any]) -> bool:
    if sent is None:
        return False
    try:
        return bool(_signer().loads(sent) != versions)
    except BadData:
        return True


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="merge-base")


def _owners(*clients: Client) -> dict[Any, str]:
    ids = {client.owner_id for client in clients if client.owner_id}
    names = {row.id: row.name for row in db.session.query(User.id, User.name).filter(User.id.in_(ids))} if ids else {}
    return {owner_id: names.get(owner_id, _("A former colleague")) for owner_id in ids}


def _moves(merged: Client) -> list[tuple[str, int]]:
    parts = " UNION ALL ".join(
        f"SELECT {place} AS place, count(*) AS rows FROM {link.table} t"  # noqa: S608  # LINKS names them in code; nothing of it is typed
        f" WHERE t.{link.column} = :merged AND {link.where}"
        for place, link in enumerate(LINKS)
    )
    rows = db.session.execute(text(parts), {"merged": merged.id})
    return _together((LINKS[row.place], row.rows) for row in rows)


def moved(merge: Merge) -> list[tuple[str, int]]:
    """What went over with it: label, how many."""
    by_table = {link.table: link for link in LINKS}
    return _together((by_table[table], len(ids)) for table, ids in merge.moved.items() if table in by_table)


def _together(counted: Iterable[tuple[Link, int]]) -> list[tuple[str, int]]:
    """Of those that are told, by label."""
    found: dict[str, int] = {}
    for link, count in counted:
        if link.is_told and count:
            found[str(link.label)] = found.get(str(link.label), 0) + count
    return list(found.items())


def to_merge_with(client: Client, asked: str, member: Member) -> list[Any]:
    """Whom the member may mean: those that look like the client, or what the words find."""
    seen = Client.visible_to(member).where(Client.archived_at.is_(None), Client.id != client.id)
    if asked:
        hits = search(member, asked, 20)
        found = seen.join(hits, hits.c.client_id == Client.id).order_by(hits.c.place)
    else:
        pairs = Duplicate.visible_to(member).where((Duplicate.a_id == client.id) | (Duplicate.b_id == client.id))
        pairs = pairs.where(Duplicate.state == "open")
        a, b = pairs.with_only_columns(Duplicate.a_id), pairs.with_only_columns(Duplicate.b_id)
        found = seen.where(Client.id.in_(union(a, b))).order_by(Client.sort_name)
    columns = (Client.number, Client.full_name, Client.company_name, Client.town, Client.status)
    return list(db.session.execute(found.with_only_columns(*columns).limit(20)))


def not_taken(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Fields and values of the merged client that stand nowhere else now, as people read them."""
    left: Mapping[str, Any] = details.get("left") or {}
    words = [
        (str(FIELDS[name].label), FIELDS[name].words(value))
        for name, value in left.items()
        if name in FIELDS and name != "owner_id"
    ]
    if LEFT_OWNER in left:  # merges of earlier have it among the following, as it was called then
        words.append((str(FIELDS["owner_id"].label), left[LEFT_OWNER] or _("A former colleague")))
    return [*words, *(details.get("left_custom") or {}).items()]


def later_in_words(later: Sequence[Later]) -> list[str]:
    """Each thing that undoing leaves as somebody made it since."""
    links = {link.table: link for link in LINKS}
    labels = _labels(later)
    return list(dict.fromkeys(_told(edit, links.get(edit.table), labels) for edit in later))


def _told(edit: Later, link: Link | None, labels: Mapping[str, str]) -> str:
    if edit.table == "clients" and edit.column in FIELDS:
        words = FIELDS[edit.column]
        value = words.words(edit.value) if edit.column != "owner_id" else ""
        return (
            _("%(field)s is “%(value)s” since", field=words.label, value=value)
            if value
            else _("%(field)s was changed since", field=words.label)
        )
    what = _one(edit, link, labels)
    if edit.column is None or (edit.column == "archived_at" and edit.value is not None):
        return _("%(what)s was removed since", what=what)
    if edit.column in SAID_BY_THEMSELVES:
        return _("%(what)s was changed since", what=what)
    field = FIELDS[edit.column].label if edit.column in FIELDS else edit.column.replace("_", " ")
    return _("%(what)s: %(field)s was changed since", what=what, field=field)


# What a row is all about.
SAID_BY_THEMSELVES = frozenset(
    {"body", "edited_at", "value", "normalised", "text_value", "number_value", "date_value", "archived_at"}
)


def _one(edit: Later, link: Link | None, labels: Mapping[str, str]) -> str:
    """Which row it is: `Contact lea@example.com`, `Vessel Maresia`, the name of a custom field."""
    if label := labels.get(str(edit.row.get("definition_id"))):
        return label
    name = str(edit.row.get(link.named, "")) if link else ""
    short = name if len(name) <= 40 else f"{name[:39]}…"
    return " ".join(filter(None, (str(link.one or link.label) if link else _("Details"), short and f"“{short}”")))


def _labels(later: Sequence[Later]) -> dict[str, str]:
    """Of the custom fields among them, by their ids; one statement where there are any."""
    ids = {edit.row["definition_id"] for edit in later if edit.row.get("definition_id")}
    found = (
        db.session.query(FieldDefinition.id, FieldDefinition.label).filter(FieldDefinition.id.in_(ids)) if ids else ()
    )
    return {str(row.id): row.label for row in found}
