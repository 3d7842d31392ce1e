"""The list of stays in a file: exactly what it shows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, false, select

from ..current import Member
from ..db import db
from ..exports import kinds as exports
from ..formats import format_number
from ..lists.records import Records
from ..saved_views.listing import Listing
from .labels import KINDS, STATES
from .models import Dock, Harbour, Occupancy
from .models.berth import berth_name
from .stays import SORTS, filters_of, named, narrowed, row_columns

STAYS = Listing(
    resource="stays",
    endpoint="berths.index_stays",
    sees=("berths.view",),
    label=_("Stays"),
    sorts=SORTS,
    columns=(),
    filters=filters_of,
)


class StayRecords(Records):
    listing = STAYS
    model = Occupancy

    @property
    def called(self) -> tuple[Any, Any]:
        return Occupancy.number, Occupancy.number

    def visible_to(self, member: Member) -> Select[Any]:
        """None for who hands out clients but may not see berths."""
        scope = super().visible_to(member)
        return scope if self.sees_all(member) else scope.where(false())

    def sees_all(self, member: Member) -> bool:
        return member.can("berths.view")

    def narrowed(self, scope: Select[Any], chosen: Mapping[str, str], *, port_id: uuid.UUID) -> Select[Any]:
        return narrowed(scope, chosen)

    def matching(
        self, scope: Select[Any], words: str, chosen: Mapping[str, str], member: Member, *, archived: bool
    ) -> Select[Any]:
        return scope.where(named(member, words))


class StaysOut(exports.Table):
    """A stay in a row, with whose it is: so it is for who may hand out clients."""

    name = "stays"
    blueprint = "berths"
    place = "stays"
    suffix = "_of_stays"
    permission = "clients.export"
    records = StayRecords()
    nothing = (_("Nothing to export"), _("The list shows no stay. Take a filter away first."))
    icon = "clock"

    def many(self, count: int) -> str:
        return ngettext("%(count)s stay", "%(count)s stays", count, count=format_number(count))

    def always(self) -> Sequence[exports.Column]:
        of = exports.Column
        return (
            of(_("Number"), exports.plain("number")),
            of(_("Vessel"), exports.plain("vessel")),
            of(_("Client"), exports.plain("client")),
            of(_("In a few words"), exports.plain("title")),
            of(_("Harbour"), exports.plain("harbour_name")),
            of(_("Berth"), lambda row: berth_name(row.dock_name, row.code)),
            of(_("Kind"), exports.worded("kind", KINDS)),
            of(_("Arrives"), exports.day("begins_at")),
            of(_("Leaves"), lambda row: exports.day_there(row.ends_at) if row.ends_at else ""),
            of(_("State"), exports.worded("state", STATES)),
            of(_("Price"), exports.number("price")),
            of(_("Currency"), exports.plain("currency")),
        )

    def shown(self) -> Mapping[str, Sequence[exports.Column]]:
        return {}

    def read(self, ids: Sequence[uuid.UUID], *, is_whole: bool) -> Sequence[Any]:
        in_harbour = (Harbour.port_id == Dock.port_id) & (Harbour.id == Dock.harbour_id)
        rows = row_columns(select(Occupancy).where(Occupancy.id.in_(ids))).join(Harbour, in_harbour)
        found = {row.id: row for row in db.session.execute(rows.add_columns(Harbour.name.label("harbour_name")))}
        return [found[one] for one in ids if one in found]
