"""Two clients side by side: what differs, what is taken from which, what moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import text

from ..current import Member
from ..db import db
from ..identity.models import User
from .labels import FIELDS
from .links import LINKS
from .models import Client, Duplicate
from .models.merge import Later
from .queries import search

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
    for name in Client.EDITABLE:
        mine, theirs = survivor.shown(name), merged.shown(name)
        words = FIELDS[name]
        said = [words.words(owners.get(value, value) if name == "owner_id" else value) for value in (mine, theirs)]
        if mine != theirs:
            default = MERGED if theirs and not mine else "survivor"
            takes = (chosen or {}).get(f"take-{name}", default) == MERGED
            choices.append(Choice(name, str(words.label), said[0], said[1], takes))
        elif said[0]:
            same.append((str(words.label), said[0]))
    versions = [str(survivor.id), survivor.version, str(merged.id), merged.version]
    sent = chosen.get("_base", "") if chosen is not None else None
    return Comparison(
        survivor, merged, choices, same, _moves(merged), _signer().dumps(versions), _is_other(sent, versions)
    )


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
        f"SELECT {place} AS place, count(*) AS rows FROM {link.table} t"  # noqa: S608  # names of our own tables
        f" WHERE t.{link.column} = :merged AND {link.where}"
        for place, link in enumerate(LINKS)
    )
    counted: dict[str, int] = {}
    for row in db.session.execute(text(parts), {"merged": merged.id}):
        label = str(LINKS[row.place].label)
        counted[label] = counted.get(label, 0) + row.rows
    return [(label, count) for label, count in counted.items() if count]


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
        found = seen.where(Client.id.in_(a) | Client.id.in_(b)).order_by(Client.sort_name)
    columns = (Client.number, Client.full_name, Client.company_name, Client.town, Client.status)
    return list(db.session.execute(found.with_only_columns(*columns).limit(20)))


def later_in_words(later: Sequence[Later]) -> list[str]:
    """Each thing that undoing leaves as somebody made it since."""
    tables = {link.table: str(link.label) for link in LINKS} | {"clients": _("Details")}
    said = []
    for edit in later:
        table = tables.get(edit.table, edit.table)
        if edit.column is None:
            said.append(_("%(what)s: one was deleted since", what=table))
        elif edit.table == "clients" and edit.column in FIELDS:
            words = FIELDS[edit.column]
            value = words.words(edit.value) if edit.column != "owner_id" else ""
            said.append(
                _("%(field)s was changed since%(value)s", field=words.label, value=f": {value}" if value else "")
            )
        else:
            field = FIELDS[edit.column].label if edit.column in FIELDS else edit.column.replace("_", " ")
            said.append(_("%(what)s: %(field)s was changed since", what=table, field=field))
    return list(dict.fromkeys(said))
