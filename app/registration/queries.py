"""What came in, for who looks at it."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from ..clients.models import Client, Duplicate
from ..current import Member
from ..db import db
from ..numbers import has_number
from ..paging import Filter, Page, Sort, chosen_of, paginate
from .models import Registration, RegistrationStatus

SORTS = (Sort("received", "", Registration.created_at, descending=True),)


def filters_of() -> list[Filter]:
    offered = [
        (str(RegistrationStatus.ACCEPTED), _("accepted")),
        (str(RegistrationStatus.SPAM), _("spam")),
        ("all", _("all")),
    ]
    return chosen_of((("status", _("Show"), offered),))


def registration_page(member: Member, status: str) -> Page:
    """New ones unless another status, or all, is asked for; with how many look like each: one statement."""
    scope = Registration.visible_to(member)
    if status != "all":
        scope = scope.where(Registration.status == (status or RegistrationStatus.NEW))
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
        alike(member).label("alike"),
    ).outerjoin(Client, (Client.port_id == Registration.port_id) & (Client.id == Registration.client_id))
    return paginate(rows, scope, id_column=Registration.id, sorts=SORTS)


def alike(member: Member) -> Any:
    pairs = (Duplicate.port_id == Registration.port_id, Duplicate.state == "open")
    of = or_(Duplicate.a_id == Registration.client_id, Duplicate.b_id == Registration.client_id)
    return select(func.count()).where(*pairs, of).correlate(Registration).scalar_subquery()


def by_number(member: Member, number: int) -> Select[Registration]:
    found = Registration.visible_to(member).where(has_number(Registration, number))
    return found.options(joinedload(Registration.client), joinedload(Registration.vessel))


def new_count(member: Member) -> int:
    new = Registration.visible_to(member).where(Registration.status == RegistrationStatus.NEW)
    return int(db.session.scalar(new.with_only_columns(func.count())) or 0)
