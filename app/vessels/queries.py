"""The list of vessels: what a row shows, its filters and orders; and what stands on the page of one."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from sqlalchemy import Select, case, func, literal, select
from sqlalchemy.orm import contains_eager, joinedload

from ..clients.models import Client
from ..current import Member
from ..db import db
from ..fields.models import FieldValue, is_custom
from ..fields.narrowing import having, offered_of
from ..formats import today
from ..paging import HITS, Columns, Filter, Page, Sort, chosen_of, paginate, paginate_ranked
from .labels import KINDS
from .models import Document, DocumentKind, Ownership, State, Vessel, state_of
from .models.document import LADDER
from .models.finding import search

SORTS = (
    Sort("name", lazy_gettext("Name"), Vessel.sort_name),
    Sort("length", lazy_gettext("Length"), Vessel.length, descending=True),
    Sort("updated", lazy_gettext("Last change"), Vessel.updated_at, descending=True),
)
LATEST = 10  # entries of the timeline on a vessel's page


def filters_of(member: Member) -> list[Filter]:
    """What the toolbar offers, and what of it the query string chooses; what is not offered chooses nothing."""
    offers = (
        ("kind", _("Kind"), [(str(value), label) for value, label in KINDS]),
        (
            "insurance",
            _("Insurance"),
            [
                (str(State.EXPIRING), _("expires within 60 days")),
                (str(State.EXPIRED), _("expired")),
                (str(State.MISSING), _("missing")),
                (str(State.VALID), _("valid")),
            ],
        ),
        *offered_of(Vessel.resource, port_id=member.here().id),
        ("archived", _("Archived"), [("1", _("only archived"))]),
    )
    return chosen_of(offers)


def vessel_page(member: Member, filters: Sequence[Filter], asked: str = "") -> Page:
    """The page of the list the query string asks for: one statement. `asked`: the words of the search box; then those
    that fit best come first."""
    chosen = {one.name: one.value for one in filters}
    scope = _filtered(Vessel.visible_to(member), chosen, port_id=member.here().id)
    if not asked:
        return paginate(row_columns(scope), scope, id_column=Vessel.id, sorts=SORTS)
    hits = search(member, asked, FOUND, archived=bool(chosen["archived"]))
    found = row_columns(scope).join(hits, hits.c.vessel_id == Vessel.id).order_by(hits.c.place)
    found = found.add_columns(func.count().over().label("total"))
    return paginate_ranked(lambda start: db.session.execute(found.offset(start).limit(HITS + 1)).all(), most=FOUND)


FOUND = 1_000  # as many as anybody looks through


def insurances() -> Select[Any]:
    """The insurances of the vessel of the row."""
    return select(Document).where(
        Document.port_id == Vessel.port_id,
        Document.vessel_id == Vessel.id,
        Document.kind == DocumentKind.INSURANCE,
        Document.archived_at.is_(None),
    )


def _filtered(scope: Select[Any], chosen: Mapping[str, str], *, port_id: uuid.UUID) -> Select[Any]:
    scope = scope.where(Vessel.archived_at.is_not(None) if chosen["archived"] else Vessel.archived_at.is_(None))
    if chosen["kind"]:
        scope = scope.where(Vessel.kind == chosen["kind"])
    for name, value in chosen.items():
        if value and is_custom(name):
            scope = scope.where(
                Vessel.id.in_(having(FieldValue.vessel_id, Vessel.resource, name, value, port_id=port_id))
            )
    if state := chosen["insurance"]:
        begins = {State.EXPIRED: None, State.EXPIRING: today(), State.VALID: today() + timedelta(days=LADDER[0] + 1)}
        if state == State.MISSING:
            return scope.where(~insurances().exists())
        if begins[State(state)] is not None:
            scope = scope.where(insurances().where(_is_good_on(begins[State(state)])).exists())
        else:
            scope = scope.where(insurances().exists())
        if state != State.VALID:
            ends = begins[State.VALID if state == State.EXPIRING else State.EXPIRING]
            scope = scope.where(~insurances().where(_is_good_on(ends)).exists())
    return scope


def _is_good_on(day: Any) -> Any:
    return Document.valid_until.is_(None) | (Document.valid_until >= day)


FOR_EVER = literal("infinity").cast(Document.valid_until.type)
# When the one that is good longest ends.
INSURED_UNTIL = (
    insurances()
    .with_only_columns(func.max(func.coalesce(Document.valid_until, FOR_EVER)))
    .correlate(Vessel)
    .scalar_subquery()
)
ROW = (
    Vessel.id,
    Vessel.number,
    Vessel.name,
    Vessel.kind,
    Vessel.flag,
    Vessel.registration,
    func.coalesce(Vessel.loa_measured, Vessel.loa_declared).label("loa"),
    func.coalesce(Vessel.beam_measured, Vessel.beam_declared).label("beam"),
    Vessel.loa_measured.is_not(None).label("is_measured"),
    Vessel.updated_at,
    Vessel.archived_at,
    Client.full_name.label("owner_name"),
    Client.number.label("owner_number"),
    case((INSURED_UNTIL == FOR_EVER, None), else_=INSURED_UNTIL).label("insured_until"),
    insurances().with_only_columns(Document.id).correlate(Vessel).exists().label("is_insured"),
)


def row_columns(scope: Select[Any]) -> Columns:
    """What `_rows.html` shows, as tuples."""
    owners = (Client.port_id == Vessel.port_id) & (Client.id == Vessel.client_id)
    return scope.with_only_columns(*ROW).join(Client, owners)


def row_of(vessel_id: uuid.UUID) -> Any:
    """One row of the list, for a broadcast; None when the vessel is gone or put away."""
    scope = select(Vessel).where(Vessel.id == vessel_id, Vessel.archived_at.is_(None))
    return db.session.execute(row_columns(scope)).one_or_none()


def insurance_of(row: Any) -> State:
    """How a row of the list stands."""
    return state_of(row.insured_until, today()) if row.is_insured else State.MISSING


def seen(vessel: Vessel | None, member: Member) -> Vessel | None:
    """The vessel, where the member may see it."""
    visible = Vessel.visible_to(member).where(Vessel.id == vessel.id) if vessel else None
    return db.session.scalars(visible).one_or_none() if visible is not None else None


def with_owner(statement: Select[Any]) -> Select[Any]:
    return statement.options(joinedload(Vessel.client), joinedload(Vessel.measured_by))


def ownerships_of(vessel: Vessel) -> list[Ownership]:
    """Whose it was, the present owner first."""
    statement = (
        select(Ownership)
        .join(Ownership.client)
        .options(contains_eager(Ownership.client))
        .where(Ownership.vessel_id == vessel.id)
        .order_by(Ownership.until.desc().nulls_first(), Ownership.id.desc())
    )
    return list(db.session.scalars(statement))


def fleet_of(client: Client) -> tuple[list[Any], list[Ownership]]:
    """The vessels of a client as rows of the list, those put away last; and those that were theirs."""
    scope = select(Vessel).where(Vessel.port_id == client.port_id, Vessel.client_id == client.id)
    order = (Vessel.archived_at.is_not(None), Vessel.sort_name, Vessel.id)
    rows = db.session.execute(row_columns(scope).order_by(*order)).all()
    former = (
        select(Ownership)
        .join(Ownership.vessel)
        .options(contains_eager(Ownership.vessel))
        .where(Ownership.port_id == client.port_id, Ownership.client_id == client.id, Ownership.until.is_not(None))
        .order_by(Ownership.until.desc(), Ownership.id)
    )
    return list(rows), list(db.session.scalars(former))
