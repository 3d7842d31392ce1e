"""The list and the board of interests: what a row and a card show, filters and orders."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, text
from sqlalchemy.orm import joinedload

from ..berths.models import Berth, Dock, Harbour
from ..berths.models.place import natural
from ..cards import together
from ..clients.models import Client
from ..clients.models.finding import search
from ..current import Member, member
from ..db import db
from ..formats import today
from ..identity.models import User
from ..notes.queries import NAMES, ShownNote, notes_on
from ..notifications.reactions import roles_held, who_hold
from ..paging import Columns, Filter, Page, Sort, chosen_of, paginate
from ..sorting import sort_name
from ..tags.models import Tag
from ..vessels.models import Vessel
from .labels import LEADS, OUTCOMES, SOURCES, STAGES
from .models import Interest, InterestNote, InterestTag, Stage

SORTS = (
    Sort("since", lazy_gettext("In this stage since"), Interest.stage_since, descending=True),
    Sort("number", lazy_gettext("Number"), Interest.number, descending=True),
    Sort("updated", lazy_gettext("Last change"), Interest.updated_at, descending=True),
    Sort("closes", lazy_gettext("Closes on"), Interest.closes),
    Sort("value", lazy_gettext("Value"), Interest.worth, descending=True),
)
# What filters choose besides values.
OPEN, LINKED, NONE, PAST = "open", "linked", "none", "past"
FOUND = 20_000  # clients whom the words of the search box find, whose interests are looked at
LATEST = 10  # entries of the timeline on an interest's page
OF_A_CLIENT = 50
LONGEST = 60  # letters of a berth; nobody types more

ROW = (
    Interest.id,
    Interest.number,
    Interest.stage,
    Interest.stage_since,
    Interest.outcome,
    Interest.lead_category,
    Interest.expected_value,
    Interest.currency,
    Interest.expected_close_on,
    Interest.source,
    Interest.created_at,
    Interest.updated_at,
    Interest.archived_at,
    func.coalesce(Vessel.loa_measured, Vessel.loa_declared, Interest.loa).label("loa"),
    Client.full_name.label("client_name"),
    Vessel.name.label("vessel_name"),
    Berth.code.label("berth_code"),
    Berth.number.label("berth_number"),
    Dock.name.label("dock_name"),
    User.name.label("owner_name"),
)


def filters_of(member: Member) -> list[Filter]:
    """What the toolbar offers, and what of it the query string chooses; what is not offered chooses nothing."""
    return chosen_of(
        (
            ("stage", _("Stage"), [(str(value), label) for value, label in STAGES]),
            *_people_and_ways(member),
            ("outcome", _("Outcome"), [(OPEN, _("open")), *((str(value), label) for value, label in OUTCOMES)]),
            ("closes", _("Closes on"), closing()),
            ("berth", _("Berth"), [(LINKED, _("linked")), (NONE, _("none")), *harbours(member)]),
            ("archived", _("Archived"), [("1", _("only archived"))]),
        )
    )


def closing() -> list[tuple[str, str]]:
    """When a sale may be completed, to look for."""
    within = [(str(days), ngettext("within %(num)s day", "within %(num)s days", days)) for days in (30, 90)]
    return [(PAST, _("is over")), *within, (NONE, _("not known"))]


def harbours(member: Member) -> list[tuple[str, str]]:
    """Where a linked berth may lie; nothing to choose where there is one harbour."""
    found = select(Harbour.number, Harbour.name).where(
        Harbour.port_id == member.here().id, Harbour.archived_at.is_(None)
    )
    rows = db.session.execute(found.order_by(Harbour.sort_name, Harbour.id)).all()
    return [(str(row.number), row.name) for row in rows] if len(rows) > 1 else []


def board_filters_of(member: Member) -> list[Filter]:
    return chosen_of(_people_and_ways(member))


def _people_and_ways(member: Member) -> list[tuple[str, Any, list[tuple[str, Any]]]]:
    port_id = member.here().id
    found = together({"people": roles_held(port_id), "tags": carried(port_id)})
    owners, tags = givable(found["people"]), [(str(one.id), one.name) for one in found["tags"]]
    return [
        ("lead", _("Lead"), [(str(value), label) for value, label in LEADS]),
        ("owner", _("Owner"), [("me", _("me")), (NONE, _("nobody")), *owners]),
        ("source", _("Source"), [(str(value), label) for value, label in SOURCES]),
        *([("tag", _("Tag"), tags)] if tags else []),
    ]


def carried(port_id: uuid.UUID) -> Any:
    """The tags that interests carry."""
    on = (InterestTag.port_id == port_id, InterestTag.tag_id == Tag.id)
    found = select(Tag.id, Tag.name).where(Tag.port_id == port_id, exists().where(*on))
    return found.order_by(func.lower(Tag.name), Tag.id)


def givable(roles: Iterable[Any]) -> list[tuple[str, str]]:
    """Who can be given an interest: the active people of the port who may edit them. `roles`: those held there."""
    return [(str(user_id), name) for user_id, name in who_hold("interests.edit", roles).items()]


def people(member: Member) -> list[tuple[str, str]]:
    return givable(db.session.execute(roles_held(member.here().id)))


def filtered(scope: Select[Any], filters: Sequence[Filter], who: Member) -> Select[Any]:
    return narrowed(scope, {one.name: str(who.id) if one.value == "me" else one.value for one in filters})


def narrowed(scope: Select[Any], chosen: Mapping[str, str]) -> Select[Any]:
    """The filters laid over a scope; an owner is an id or nobody."""
    scope = scope.where(Interest.archived_at.is_not(None) if chosen.get("archived") else Interest.archived_at.is_(None))
    for name, column in (
        ("stage", Interest.stage),
        ("lead", Interest.lead_category),
        ("source", Interest.source),
    ):
        if chosen.get(name):
            scope = scope.where(column == chosen[name])
    if outcome := chosen.get("outcome"):
        scope = scope.where(Interest.outcome.is_(None) if outcome == OPEN else Interest.outcome == outcome)
    if chosen.get("stage") not in (None, "", Stage.COMPLETED) and not chosen.get("outcome"):
        scope = scope.where(Interest.outcome.is_(None))
    if owner := chosen.get("owner"):
        scope = scope.where(Interest.owner_id == (None if owner == NONE else uuid.UUID(owner)))
    if closes := chosen.get("closes"):
        scope = scope.where(_closes_so(closes))
    if berth := chosen.get("berth"):
        scope = scope.where(_lies_so(berth))
    if tag := chosen.get("tag"):
        carrying = select(InterestTag.interest_id).where(InterestTag.port_id == Interest.port_id)
        scope = scope.where(Interest.id.in_(carrying.where(InterestTag.tag_id == uuid.UUID(tag)).correlate(Interest)))
    return scope


def _closes_so(closes: str) -> ColumnElement[bool]:
    """`closes`: one of `closing()`."""
    column, day = Interest.expected_close_on, today()
    if closes == NONE:
        return column.is_(None)
    return column < day if closes == PAST else column.between(day, day + timedelta(days=int(closes)))


def _lies_so(berth: str) -> ColumnElement[bool]:
    """`berth`: whether one is linked, or the number of its harbour."""
    if berth in (LINKED, NONE):
        return Interest.berth_id.is_not(None) if berth == LINKED else Interest.berth_id.is_(None)
    on_dock = (Dock.port_id == Berth.port_id) & (Dock.id == Berth.dock_id)
    in_harbour = (Harbour.port_id == Dock.port_id) & (Harbour.id == Dock.harbour_id)
    berths = select(Berth.id).join(Dock, on_dock).join(Harbour, in_harbour)
    return Interest.berth_id.in_(
        berths.where(Berth.port_id == Interest.port_id, Harbour.number == int(berth)).correlate(Interest)
    )


def matching(scope: Select[Any], words: str, who: Member) -> Select[Any]:
    """Those of clients whom the search finds, by themselves or by a vessel of theirs."""
    hits = search(who, words, FOUND)
    return scope.where(Interest.client_id.in_(select(hits.c.client_id)))


def interest_page(who: Member, filters: Sequence[Filter], asked: str = "") -> Page:
    """The page of the list the query string asks for: one statement. `asked`: the words of the search box."""
    scope = filtered(Interest.visible_to(who), filters, who)
    if asked:
        scope = matching(scope, asked, who)
    return paginate(row_columns(scope), scope, id_column=Interest.id, sorts=SORTS)


def row_columns(scope: Select[Any]) -> Columns:
    """What a row and a card show, as tuples."""
    port_id = Interest.port_id
    return (
        scope.with_only_columns(*ROW)
        .join(Client, (Client.port_id == port_id) & (Client.id == Interest.client_id))
        .outerjoin(Vessel, (Vessel.port_id == port_id) & (Vessel.id == Interest.vessel_id))
        .outerjoin(Berth, (Berth.port_id == port_id) & (Berth.id == Interest.berth_id))
        .outerjoin(Dock, (Dock.port_id == port_id) & (Dock.id == Berth.dock_id))
        .outerjoin(User, User.id == Interest.owner_id)
    )


def row_of(interest_id: uuid.UUID) -> Any:
    """One row, for a broadcast; None when it is gone or put away."""
    scope = select(Interest).where(Interest.id == interest_id, Interest.archived_at.is_(None))
    return db.session.execute(row_columns(scope)).one_or_none()


def with_all(statement: Select[Any]) -> Select[Any]:
    """With whose it is, the vessel, the berth and its dock, and the owner."""
    place = joinedload(Interest.berth).joinedload(Berth.dock)
    return statement.options(
        joinedload(Interest.client), joinedload(Interest.vessel), place, joinedload(Interest.owner)
    )


KEPT = text(f"SELECT ({notes_on(InterestNote)}) AS notes, CASE WHEN :offers THEN ({NAMES}) END AS colleagues")


def kept_about(interest: Interest, *, offers: bool) -> dict[str, Any]:
    """Its notes and tags, and with `offers` the tags there are and who can be named in a note: two statements."""
    of = {"port": interest.port_id, "record": interest.id, "offers": offers}
    kept = db.session.execute(KEPT, of).one()
    on = (InterestTag.port_id == Tag.port_id, InterestTag.tag_id == Tag.id, InterestTag.interest_id == interest.id)
    is_on = InterestTag.id.is_not(None)
    wanted = Tag.archived_at.is_(None) | is_on if offers else is_on
    found = select(Tag, is_on).outerjoin(InterestTag, and_(*on)).where(Tag.port_id == interest.port_id, wanted)
    tags = db.session.execute(found.order_by(func.lower(Tag.name), Tag.id)).all()
    return {
        "notes": [ShownNote.of(note) for note in kept.notes or ()],
        "colleagues": kept.colleagues or [],
        "tags": [tag for tag, carried in tags if carried],
        "offered": [tag for tag, _carried in tags if offers and not tag.is_archived],
    }


def of_client(client: Client) -> Sequence[Any]:
    """The open ones first."""
    scope = select(Interest).where(Interest.port_id == client.port_id, Interest.client_id == client.id)
    order = (Interest.archived_at.is_not(None), Interest.outcome.is_not(None), Interest.id.desc())
    return db.session.execute(row_columns(scope).order_by(*order).limit(OF_A_CLIENT)).all()


def berths_named(typed: str, *, most: int = 8) -> Sequence[Berth]:
    """Which is meant by `B 12`, `12` or `· 1042`: its dock and number, its number alone, or that in its address."""
    word = natural(sort_name(typed.rpartition("·")[2].strip() or typed)).replace(" ", "")
    glued = func.concat(Dock.sort_name, Berth.sort_code)
    numbers = [int(word)] if word.isdecimal() and len(word.lstrip("0")) < 10 else []
    with_place = Berth.visible_to(member).join(Dock, (Dock.port_id == Berth.port_id) & (Dock.id == Berth.dock_id))
    meant = or_(func.replace(glued, " ", "") == word, Berth.sort_code == word, Berth.number.in_(numbers))
    if "·" in typed:
        meant = Berth.number.in_(numbers)
    found = with_place.where(Berth.archived_at.is_(None), meant).options(
        joinedload(Berth.dock).joinedload(Dock.harbour)
    )
    return db.session.scalars(found.order_by(Berth.sort_place, Berth.id).limit(most)).all()
