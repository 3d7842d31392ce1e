"""What a list has to be kept by: its filters, orders and columns; and what of a query string is one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import request
from flask_babel import gettext as _

from ..current import Member
from ..identity.models import User
from ..paging import Filter, Sort

LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Column:
    """One that may be shown or hidden; the table has the class `hide-<key>` where it is not."""

    key: str
    label: Any
    is_usual: bool = True


@dataclass(frozen=True)
class Listing:
    """A list whose views are kept. `filters` gives what it offers a member."""

    resource: str
    endpoint: str
    sees: tuple[str, ...]
    label: Any
    sorts: Sequence[Sort]
    columns: Sequence[Column]
    filters: Callable[[Member], Sequence[Filter]]

    @property
    def usual(self) -> tuple[str, ...]:
        return tuple(column.key for column in self.columns if column.is_usual)

    def kept(self, query: str, member: Member) -> tuple[str, list[str]]:
        """Of a query string what the list knows, as it writes it, and the labels of what is not there any more: an
        owner who left, a filter or a column that is gone."""
        return self.kept_by(query, self.filters(member))

    def kept_by(self, query: str, filters: Sequence[Filter]) -> tuple[str, list[str]]:
        sent, kept, lost = dict(parse_qsl(query[:4000])), {}, []
        for offered in filters:
            if value := sent.get(offered.name):
                if offered.offers(value):
                    kept[offered.name] = value
                else:
                    lost.append(str(offered.label))
        if words := sent.get("q", "").strip()[:LONGEST_SEARCH]:
            kept["q"] = words
        if sent.get("sort") in {sort.key for sort in self.sorts}:
            kept["sort"] = sent["sort"]
            if sent.get("direction") in ("asc", "desc"):
                kept["direction"] = sent["direction"]
        if columns := sent.get("columns"):
            known = read_columns(self, columns)
            kept["columns"] = ",".join(known)
            lost += [key for key in columns.split(",") if key and key not in (*known, "none")]
        known_names = {offered.name for offered in filters} | {"q", "sort", "direction", "columns", *PLUMBING}
        lost += [name for name in sent if name not in known_names]
        return urlencode(kept), lost

    def told(self, query: str, filters: Sequence[Filter]) -> list[str]:
        """What is kept, a few words for each part; empty where it is everything."""
        known, lost = self.kept_by(query, filters)
        kept, told = dict(parse_qsl(known)), []
        if words := kept.get("q"):
            told.append(_("Search: %(words)s", words=words))
        for offered in filters:
            if value := kept.get(offered.name):
                told.append(f"{offered.label}: {offered.said(value)}")
        told += [_("%(what)s: not there any more", what=what) for what in lost]
        told += [self._order_told(sort, kept.get("direction")) for sort in self.sorts if sort.key == kept.get("sort")]
        if "columns" in kept:
            shown = [str(column.label) for column in self.columns if column.key in kept["columns"].split(",")]
            told.append(_("Columns: %(which)s", which=", ".join(shown) or _("only the name")))
        return told

    def _order_told(self, sort: Sort, direction: str | None) -> str:
        is_reversed = direction is not None and (direction == "desc") != sort.descending
        text = _("Sorted by: %(what)s, reversed") if is_reversed else _("Sorted by: %(what)s")
        return text % {"what": sort.label}


# Of a list's address what says where in it one is, and through which view.
PLUMBING = frozenset({"view", "after", "before", "from", "end", "count", "list"})


def read_columns(listing: Listing, text: str) -> list[str]:
    """The known ones, in the order of the list."""
    asked = text.split(",")
    return [column.key for column in listing.columns if column.key in asked] or ["none"]


def key_of(listing: Listing, member: Member, what: str) -> str:
    """Under which the choice is kept among a person's preferences: for each port its own."""
    return f"{member.here().slug}/{listing.resource}/{what}"


def shown_columns(listing: Listing, member: Member) -> list[str]:
    """Those of the view one looks through, else those one chose, else the usual ones."""
    chosen = request.args.get("columns") or member.preferences.get(key_of(listing, member, "columns"))
    return read_columns(listing, str(chosen)) if chosen else list(listing.usual)


def default_view(listing: Listing, member: Member) -> str | None:
    found = member.preferences.get(key_of(listing, member, "view"))
    return str(found) if found else None


def prefer(listing: Listing, member: Member, what: str, value: str | None) -> None:
    User.prefer(member.id, {key_of(listing, member, what): value})
