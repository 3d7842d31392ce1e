"""The table of interests as views are kept of it and many of it are handed out or changed: its columns beside filters
and orders."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, select

from ..berths.models import Dock, Harbour
from ..berths.models.berth import berth_name
from ..clients.models import Client
from ..current import Member
from ..db import db
from ..exports import kinds as exports
from ..formats import format_number
from ..lists.records import Records
from ..saved_views.listing import Column, Listing
from .labels import LEADS, OUTCOMES, SOURCES, STAGES
from .models import Interest
from .queries import SORTS, filters_of, matching, narrowed, row_columns

COLUMNS = (
    Column("stage", _("Stage")),
    Column("berth", _("Berth")),
    Column("value", _("Value")),
    Column("lead", _("Lead"), is_usual=False),
    Column("owner", _("Owner")),
    Column("source", _("Source"), is_usual=False),
    Column("closes", _("Closes on"), is_usual=False),
    Column("created", _("Entered"), is_usual=False),
    Column("since", _("In this stage since")),
    Column("updated", _("Last change"), is_usual=False),
)
INTERESTS = Listing(
    resource="interests",
    endpoint="interests.index_table",
    sees=("interests.view",),
    label=_("Interests"),
    sorts=SORTS,
    columns=COLUMNS,
    filters=filters_of,
)
NAME = (
    select(Client.full_name)
    .where(Client.port_id == Interest.port_id, Client.id == Interest.client_id)
    .correlate(Interest)
    .scalar_subquery()
)


class InterestRecords(Records):
    listing = INTERESTS
    model = Interest

    @property
    def called(self) -> tuple[Any, Any]:
        return NAME, NAME

    def narrowed(self, scope: Select[Any], chosen: Mapping[str, str], *, port_id: uuid.UUID) -> Select[Any]:
        return narrowed(scope, chosen)

    def matching(
        self, scope: Select[Any], words: str, chosen: Mapping[str, str], member: Member, *, archived: bool
    ) -> Select[Any]:
        return matching(scope, words, member)


RECORDS = InterestRecords()


class InterestsOut(exports.Table):
    """The table of interests in a file."""

    name = "interests"
    blueprint = "interests"
    place = "interests"
    permission = "interests.export"
    records = RECORDS
    nothing = (_("Nothing to export"), _("The list shows no interest. Take a filter away first."))

    def many(self, count: int) -> str:
        return ngettext("%(count)s interest", "%(count)s interests", count, count=format_number(count))

    def always(self) -> Sequence[exports.Column]:
        return (
            exports.Column(_("Number"), exports.plain("number")),
            exports.Column(_("Client"), exports.plain("client_name")),
            exports.Column(_("Vessel"), exports.plain("vessel_name")),
            exports.Column(_("Length (m)"), exports.number("loa")),
        )

    def shown(self) -> Mapping[str, Sequence[exports.Column]]:
        of = exports.Column
        return {
            "stage": (
                of(_("Stage"), exports.worded("stage", STAGES)),
                of(_("Outcome"), exports.worded("outcome", OUTCOMES)),
            ),
            "berth": (of(_("Harbour"), exports.plain("harbour_name")), of(_("Berth"), berth_of)),
            "value": (
                of(_("Expected value"), exports.number("expected_value")),
                of(_("Currency"), exports.plain("currency")),
            ),
            "lead": (of(_("Lead"), exports.worded("lead_category", LEADS)),),
            "owner": (of(_("Owner"), exports.plain("owner_name")),),
            "source": (of(_("Source"), exports.worded("source", SOURCES)),),
            "closes": (of(_("Closes on"), exports.plain("expected_close_on")),),
            "created": (of(_("Entered"), exports.day("created_at")),),
            "since": (of(_("In this stage since"), exports.day("stage_since")),),
            "updated": (of(_("Last change"), exports.moment("updated_at")),),
        }

    def read(self, ids: Sequence[uuid.UUID], *, is_whole: bool) -> Sequence[Any]:
        in_harbour = (Harbour.port_id == Dock.port_id) & (Harbour.id == Dock.harbour_id)
        rows = row_columns(select(Interest).where(Interest.id.in_(ids))).outerjoin(Harbour, in_harbour)
        found = {row.id: row for row in db.session.execute(rows.add_columns(Harbour.name.label("harbour_name")))}
        return [found[one] for one in ids if one in found]


def berth_of(row: Any) -> str:
    return berth_name(row.dock_name, row.berth_code) if row.berth_code else ""
