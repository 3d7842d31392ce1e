"""The list of berths as views are kept of it and many of it are handed out or tagged: its columns beside filters and
orders."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _
from sqlalchemy import Select

from ..admin.models import settings_of
from ..current import Member
from ..identity.models import current_port_of
from ..lists.records import Records
from ..paging import Filter, Sort
from ..saved_views.listing import Column, Listing
from .models import Berth, Dock, Harbour, clearances_of
from .models.berth import NAME_OF_BERTH
from .models.fit import fitting
from .queries import EXPIRES, SORTS, docks_by_harbour, filters_of, found_by, narrowed, sorts_of
from .wanted import FitsFilter, Wanted, size_kept

COLUMNS = (
    Column("status", _("Status")),
    Column("size", _("Length × width")),
    Column("depth", _("Depth")),
    Column("tenure", _("Tenure")),
    Column("price", _("Price")),
    Column("updated", _("Last change"), is_usual=False),
)


def filters_here(member: Member) -> list[Filter]:
    return filters_with(docks_by_harbour(member), Wanted(request.args.get("fits", "")), member)


def filters_with(docks: Mapping[Harbour, Sequence[Dock]], wanted: Wanted, member: Member) -> list[Filter]:
    """What fits among them, which is typed."""
    port = member.here()
    months = settings_of(port).tenure_expiry_warning_months
    return [FitsFilter.of(wanted), *filters_of(docks, months=months, port_id=port.id)]


BERTHS = Listing(
    resource="berths",
    endpoint="berths.index",
    sees=("berths.view",),
    label=_("Berths"),
    sorts=(*SORTS, EXPIRES),
    columns=COLUMNS,
    filters=filters_here,
)


class BerthRecords(Records):
    listing = BERTHS
    model = Berth

    @property
    def called(self) -> tuple[Any, Any]:
        return NAME_OF_BERTH, Berth.sort_place

    def narrowed(self, scope: Select[Any], chosen: Mapping[str, str], *, port_id: uuid.UUID) -> Select[Any]:
        scope = narrowed(scope, chosen, port_id=port_id)
        if size := size_kept(chosen["fits"]):
            scope = scope.where(*fitting(size, clearances_of(current_port_of(port_id))))
        return scope

    def matching(
        self, scope: Select[Any], words: str, chosen: Mapping[str, str], member: Member, *, archived: bool
    ) -> Select[Any]:
        return scope.where(found_by(words, fields_of=member.here().id))

    def sorts(self, chosen: Mapping[str, str]) -> Sequence[Sort]:
        return sorts_of(chosen)


RECORDS = BerthRecords()
