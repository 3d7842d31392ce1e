"""The list of berths: what a row shows, its filters and orders; and what forms offer to choose from."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import contains_eager, joinedload

from .. import formats
from ..current import Member
from ..db import db, now
from ..fields.models import FieldDefinition, FieldValue, is_custom
from ..fields.narrowing import having, offered_of
from ..numbers import has_number
from ..paging import Columns, Filter, Page, Sort, chosen_of, paginate
from ..search.models import WORDS
from ..sorting import sort_name
from ..tags.models import Tag
from .labels import MOORINGS, STATUSES, TENURES
from .letting import is_free
from .models import Berth, BerthTag, Dock, Harbour, MaintenanceEntry, Occupancy, StatusSuggestion
from .models.berth import NO_DOCK
from .models.dock import BETWEEN
from .models.occupancy_kind import MOMENT
from .models.place import natural
from .models.tenure import months_later

EXPIRES = Sort("expires", lazy_gettext("Tenure"), Berth.tenure_expires_on)
SORTS = (
    Sort("name", lazy_gettext("Berth"), Berth.sort_place),
    Sort("length", lazy_gettext("Length"), Berth.length, descending=True),
    Sort("updated", lazy_gettext("Last change"), Berth.updated_at, descending=True),
)
LATEST_SUGGESTED = (Sort("created", lazy_gettext("Suggested"), StatusSuggestion.created_at, descending=True),)
LATEST_OPENED = (Sort("opened", lazy_gettext("Opened"), MaintenanceEntry.opened_at, descending=True),)
LATEST = 10  # entries of the timeline on a berth's page
# A berth as a choice carries it: what it is called, and its number in addresses.
NUMBERED = re.compile(r"· (\d{1,9})$")
PARTS = re.compile(r"[^\W_]+")  # letters and digits
LONGEST = 60  # letters of a search; nobody types more

ROW = (
    Berth.id,
    Berth.number,
    Berth.code,
    Berth.status,
    Berth.mooring,
    Berth.max_loa,
    Berth.max_beam,
    Berth.depth,
    Berth.tenure,
    Berth.tenure_expires_on,
    Berth.price,
    Berth.currency,
    Berth.price_period,
    Berth.updated_at,
    Berth.archived_at,
    Dock.name.label("dock_name"),
    Harbour.name.label("harbour_name"),
)
ROW_TAGS = BerthTag.shown_on(Berth)

PAST = "past"


def expiring(months: int) -> list[tuple[str, str]]:
    """Ends of a tenure to look for; `months`: when the port wants to be warned."""
    ahead = sorted({months, 12})
    within = [ngettext("within %(num)s month", "within %(num)s months", many) for many in ahead]
    return [*zip(map(str, ahead), within, strict=True), (PAST, _("has ended"))]


def sorts_of(chosen: Mapping[str, str]) -> Sequence[Sort]:
    """The usual one first: of tenures that end, the next end."""
    return (EXPIRES, *SORTS) if chosen.get("expires") else SORTS


def filters_of(docks: Mapping[Harbour, Sequence[Dock]], *, months: int, port_id: uuid.UUID) -> list[Filter]:
    """What the toolbar offers, and what of it the query string chooses; what is not offered chooses nothing. `docks`:
    by harbour; `months`: before the end of a tenure in which the port wants to be warned."""
    offered = (
        ("harbour", _("Harbour"), [(str(one.number), one.name) for one in docks]),
        ("dock", _("Dock"), dock_options(docks)),
        ("status", _("Status"), [(str(value), label) for value, label in STATUSES]),
        ("tenure", _("Tenure"), [(str(value), label) for value, label in TENURES]),
        ("expires", _("Tenure expires"), expiring(months)),
        ("now", _("Now"), [("taken", _("taken")), ("free", _("free"))]),
        ("maintenance", _("Maintenance"), [("open", _("under way"))]),
        ("mooring", _("Mooring"), [(str(value), label) for value, label in MOORINGS]),
        ("archived", _("Archived"), [("1", _("only archived"))]),
    )
    tags = [(str(tag.id), tag.name) for tag in tags_there_are(port_id)]
    return chosen_of(
        (*offered[:-1], ("tag", _("Tag"), tags), *offered_of(Berth.resource, port_id=port_id), offered[-1])
    )


def dock_options(docks: Mapping[Harbour, Sequence[Dock]]) -> list[tuple[str, str]]:
    """By their numbers; with the harbour where there are several. A harbour without docks has nothing to choose."""
    return [
        (str(dock.number), f"{harbour.name} · {dock.name}" if len(docks) > 1 else dock.name)
        for harbour, its in docks.items()
        for dock in its
        if dock.name != NO_DOCK
    ]


def berth_page(
    member: Member, filters: Sequence[Filter], asked: str, *, fitting: Sequence[ColumnElement[bool]] = ()
) -> Page:
    """The page of the list the query string asks for: one statement. `fitting`: what a berth has to be for what is to
    lie there."""
    chosen = {one.name: one.value for one in filters}
    scope = narrowed(Berth.visible_to(member), chosen, port_id=member.here().id).where(*fitting)
    if asked.strip():
        scope = scope.where(found_by(asked, fields_of=member.here().id))
    return paginate(list_columns(scope), scope, id_column=Berth.id, sorts=sorts_of(chosen))


def narrowed(scope: Select[Any], chosen: Mapping[str, str], *, port_id: uuid.UUID) -> Select[Any]:
    """What is chosen laid over a scope."""
    scope = scope.where(Berth.archived_at.is_not(None) if chosen["archived"] else Berth.archived_at.is_(None))
    for name in ("status", "tenure", "mooring"):
        if chosen[name]:
            scope = scope.where(getattr(Berth, name) == chosen[name])
    if tag := chosen["tag"]:
        carrying = select(BerthTag.berth_id).where(BerthTag.port_id == port_id, BerthTag.tag_id == uuid.UUID(tag))
        scope = scope.where(Berth.id.in_(carrying))
    for name, value in chosen.items():
        if value and is_custom(name):
            its = having(FieldValue.berth_id, Berth.resource, name, value, port_id=port_id)
            scope = scope.where(Berth.id.in_(its))
    if chosen["now"]:
        present = now()
        is_taken = Berth.id.in_(Occupancy.berths_taken_at(present))
        scope = scope.where(is_taken if chosen["now"] == "taken" else is_free(Range(present, present + MOMENT)))
    if chosen["maintenance"]:
        under_way = (MaintenanceEntry.port_id == Berth.port_id, MaintenanceEntry.closed_at.is_(None))
        scope = scope.where(
            select(MaintenanceEntry.id).where(*under_way, MaintenanceEntry.berth_id == Berth.id).exists()
        )
    if ends := chosen["expires"]:
        scope = scope.where(_ends_so(ends))
    if chosen["dock"]:
        numbered = select(Dock.id).where(Dock.port_id == port_id, Dock.number == int(chosen["dock"]))
        scope = scope.where(Berth.dock_id.in_(numbered))
    if chosen["harbour"]:
        numbered_so = (Harbour.port_id == Berth.port_id) & (Harbour.number == int(chosen["harbour"]))
        docks = select(Dock.id).join(Harbour, Harbour.id == Dock.harbour_id).where(numbered_so)
        scope = scope.where(Berth.dock_id.in_(docks))
    return scope


def _ends_so(ends: str) -> ColumnElement[bool]:
    """`ends`: one of `expiring()`."""
    today, column = formats.today(), Berth.tenure_expires_on
    return column < today if ends == PAST else column.between(today, months_later(today, int(ends)))


def found_by(asked: str, *, fields_of: uuid.UUID | None = None) -> ColumnElement[bool]:
    """Each word begins one of the harbour, the dock or the number; `b12` is dock and number in one. `fields_of`: the
    port in whose custom fields it may begin one as well."""
    words = sort_name(asked[:LONGEST]).split()
    place = func.concat(" ", func.replace(Berth.sort_place, BETWEEN, " "))
    glued = func.split_part(Berth.sort_place, BETWEEN, 2) + Berth.sort_code
    every = (
        or_(
            place.contains(f" {natural(word)}", autoescape=True),
            glued.startswith(natural(word), autoescape=True),
            *([_in_fields(word, fields_of)] if fields_of else []),
        )
        for word in words
    )
    return and_(true(), *every)


def _in_fields(word: str, port_id: uuid.UUID) -> ColumnElement[bool]:
    """Each part of the word, as `search_split()` parts it, begins one in a field that is in use."""
    of_value = (WORDS.c.port_id == FieldValue.port_id) & (WORDS.c.subject_id == FieldValue.id)
    of_field = (FieldDefinition.port_id == FieldValue.port_id) & (FieldDefinition.id == FieldValue.definition_id)
    having = (
        select(FieldValue.berth_id)
        .join(WORDS, of_value)
        .join(FieldDefinition, of_field)
        .where(
            FieldValue.port_id == port_id,
            FieldValue.berth_id.is_not(None),
            FieldDefinition.archived_at.is_(None),
            WORDS.c.subject_type == "field",
        )
    )
    parts = PARTS.findall(word)
    return and_(
        true() if parts else false(), *(Berth.id.in_(having.where(WORDS.c.word.startswith(part))) for part in parts)
    )


def berths_named(member: Member, typed: str, *, most: int = 8) -> list[Berth]:
    """Which are meant by a number in addresses (`B 12 · 1042`) or by dock and number, among those in use; the one that
    is called so exactly, where there is one."""
    scope = with_place(Berth.visible_to(member).where(Berth.archived_at.is_(None)))
    if number := NUMBERED.search(typed.strip()):
        return list(db.session.scalars(scope.where(has_number(Berth, int(number[1])))))
    if not typed.strip():
        return []
    found = list(db.session.scalars(scope.where(found_by(typed)).order_by(Berth.sort_place, Berth.id).limit(most)))
    exact = [one for one in found if natural(one.name) == natural(typed)]
    return exact if len(exact) == 1 else found


def row_columns(scope: Select[Any]) -> Columns:
    """Berths as tuples."""
    on_dock = (Dock.port_id == Berth.port_id) & (Dock.id == Berth.dock_id)
    in_harbour = (Harbour.port_id == Dock.port_id) & (Harbour.id == Dock.harbour_id)
    return scope.with_only_columns(*ROW).join(Dock, on_dock).join(Harbour, in_harbour)


def list_columns(scope: Select[Any]) -> Columns:
    """What `_rows.html` shows."""
    return row_columns(scope).add_columns(ROW_TAGS.label("tags"))


def row_of(berth_id: uuid.UUID) -> Any:
    """One row of the list, for a broadcast; None when the berth is gone or put away."""
    scope = select(Berth).where(Berth.id == berth_id, Berth.archived_at.is_(None))
    return db.session.execute(list_columns(scope)).one_or_none()


def suggested(member: Member) -> Page:
    """What the rules of the port suggest, the latest first."""
    scope = _suggestions(member.here().id)
    rows = (
        scope.join(Dock, (Dock.port_id == Berth.port_id) & (Dock.id == Berth.dock_id))
        .join(Harbour, (Harbour.port_id == Dock.port_id) & (Harbour.id == Dock.harbour_id))
        .with_only_columns(
            StatusSuggestion.id,
            StatusSuggestion.trigger,
            StatusSuggestion.because,
            StatusSuggestion.created_at,
            StatusSuggestion.status.label("to"),
            Berth.status.label("was"),
            Berth.number,
            Berth.code,
            Dock.name.label("dock_name"),
            Harbour.name.label("harbour_name"),
        )
    )
    return paginate(rows, scope, id_column=StatusSuggestion.id, sorts=LATEST_SUGGESTED)


def suggested_count(port_id: uuid.UUID) -> int:
    return db.session.scalar(select(func.count()).select_from(_suggestions(port_id).subquery())) or 0


def _suggestions(port_id: uuid.UUID) -> Select[Any]:
    of_berth = (Berth.port_id == StatusSuggestion.port_id) & (Berth.id == StatusSuggestion.berth_id)
    found = select(StatusSuggestion.id).join(Berth, of_berth)
    return found.where(StatusSuggestion.port_id == port_id, Berth.archived_at.is_(None))


def tags_there_are(port_id: uuid.UUID) -> list[Tag]:
    found = select(Tag).where(Tag.port_id == port_id, Tag.archived_at.is_(None))
    return list(db.session.scalars(found.order_by(Tag.name, Tag.id)))


def tags_of(berth: Berth) -> list[Tag]:
    """Also those that are put away by now."""
    carried = (BerthTag.port_id == Tag.port_id) & (BerthTag.tag_id == Tag.id)
    found = select(Tag).join(BerthTag, carried).where(Tag.port_id == berth.port_id, BerthTag.berth_id == berth.id)
    return list(db.session.scalars(found.order_by(Tag.name, Tag.id)))


def maintenance_page(berth: Berth) -> Page:
    """The whole log, the latest first; each row's first column is the entry."""
    entries = MaintenanceEntry.of_berth(berth)
    rows = entries.add_columns(MaintenanceEntry.id.label("id"))
    return paginate(rows, entries, id_column=MaintenanceEntry.id, sorts=LATEST_OPENED)


def with_place(statement: Select[Any]) -> Select[Any]:
    """With the dock and harbour of each berth, in the same statement."""
    return statement.options(joinedload(Berth.dock).joinedload(Dock.harbour))


def docks_by_harbour(member: Member) -> dict[Harbour, list[Dock]]:
    """All in use, in the order of the list; one statement."""
    on = and_(Dock.port_id == Harbour.port_id, Dock.harbour_id == Harbour.id, Dock.archived_at.is_(None))
    rows = Harbour.visible_to(member).where(Harbour.archived_at.is_(None)).outerjoin(Dock, on).add_columns(Dock)
    found: dict[Harbour, list[Dock]] = {}
    order = (Harbour.sort_name, Harbour.id, Dock.sort_name, Dock.id)
    for harbour, dock in db.session.execute(rows.order_by(*order)):
        found.setdefault(harbour, []).extend([dock] if dock else [])
    return found


def harbours_of(member: Member) -> list[Harbour]:
    return list(
        db.session.scalars(
            Harbour.visible_to(member).where(Harbour.archived_at.is_(None)).order_by(Harbour.sort_name, Harbour.id)
        )
    )


def harbour_choices(member: Member, *, kept: Dock | None = None) -> list[tuple[str, str]]:
    """Those in use, and the one in which this dock is."""
    is_offered = or_(Harbour.archived_at.is_(None), Harbour.id == (kept.harbour_id if kept else None))
    found = Harbour.visible_to(member).where(is_offered).order_by(Harbour.sort_name, Harbour.id)
    return [(str(one.id), one.name) for one in db.session.scalars(found)]


def dock_choices(member: Member, *, kept: Berth | None = None) -> list[tuple[str, str]]:
    """Those in use, and the one on which this berth is."""
    is_offered = or_(Dock.archived_at.is_(None), Dock.id == (kept.dock_id if kept else None))
    found = (
        Dock.visible_to(member)
        .join(Dock.harbour)
        .options(contains_eager(Dock.harbour))
        .where(is_offered)
        .order_by(Harbour.sort_name, Dock.sort_name, Dock.id)
    )
    return [(str(one.id), f"{one.harbour.name} · {one.name}") for one in db.session.scalars(found)]


def docks_with_counts(member: Member) -> list[tuple[Harbour, list[tuple[Dock, int, int]]]]:
    """Every harbour in use with its docks: each with its berths, and how many of them are available."""
    harbours = harbours_of(member)
    own = (Berth.port_id == Dock.port_id, Berth.dock_id == Dock.id, Berth.archived_at.is_(None))
    berths = select(func.count()).where(*own).correlate(Dock).scalar_subquery()
    available = select(func.count()).where(*own, Berth.status == "available").correlate(Dock).scalar_subquery()
    found = (
        Dock.visible_to(member)
        .where(Dock.archived_at.is_(None))
        .add_columns(berths, available)
        .order_by(Dock.sort_name, Dock.id)
    )
    docks: dict[uuid.UUID, list[tuple[Dock, int, int]]] = {harbour.id: [] for harbour in harbours}
    for dock, count, free in db.session.execute(found):
        docks.get(dock.harbour_id, []).append((dock, count, free))
    return [(harbour, docks[harbour.id]) for harbour in harbours]
