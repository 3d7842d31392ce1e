"""What came in, for who looks at it."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from ..clients.models import Client, Duplicate
from ..current import Member
from ..interests.models import Interest
from ..numbers import has_number
from ..paging import Filter, Page, Sort, paginate
from .models import Registration, RegistrationStatus

SORTS = (Sort("received", "", Registration.created_at, descending=True),)


def filters_of() -> list[Filter]:
    """New ones unless the address says otherwise."""
    offered = [
        (str(RegistrationStatus.NEW), _("new")),
        (str(RegistrationStatus.ACCEPTED), _("accepted")),
        (str(RegistrationStatus.SPAM), _("spam")),
    ]
    asked = request.args.get("status", str(RegistrationStatus.NEW))
    return [Filter("status", _("Show"), offered, asked if asked in dict(offered) else "")]


def registration_page(member: Member, status: str) -> Page:
    """Those that stand so, or all; with how many look like each: one statement."""
    scope = Registration.visible_to(member)
    if status:
        scope = scope.where(Registration.status == status)
    rows = scope.with_only_columns(
        Registration.id,
        Registration.number,
        Registration.status,
        Registration.kind,
        Registration.wanted_from,
        Registration.wanted_until,
        Registration.message,
        Registration.created_at,
        Client.full_name.label("client_name"),
        Client.number.label("client_number"),
        Interest.number.label("interest_number"),
        alike(member).label("alike"),
    )
    rows = rows.outerjoin(Client, (Client.port_id == Registration.port_id) & (Client.id == Registration.client_id))
    of_interest = (Interest.port_id == Registration.port_id) & (Interest.id == Registration.interest_id)
    rows = rows.outerjoin(Interest, of_interest)
    return paginate(rows, scope, id_column=Registration.id, sorts=SORTS)


def alike(member: Member) -> Any:
    pairs = (Duplicate.port_id == Registration.port_id, Duplicate.state == "open")
    of = or_(Duplicate.a_id == Registration.client_id, Duplicate.b_id == Registration.client_id)
    return select(func.count()).where(*pairs, of).correlate(Registration).scalar_subquery()


def by_number(member: Member, number: int) -> Select[Registration]:
    found = Registration.visible_to(member).where(has_number(Registration, number))
    return found.options(joinedload(Registration.client), joinedload(Registration.vessel))
