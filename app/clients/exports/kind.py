"""Clients as what is handed out in a file."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence

from flask_babel import lazy_gettext as _
from flask_babel import ngettext

from ...exports.kinds import Batches, Cards, Column
from ...formats import format_number
from ..forms import ClientExportForm
from ..listing import RECORDS
from .outgoing import Outgoing, Widths, all_columns, outgoing, shown_columns
from .vcards import as_vcards


class Clients(Cards):
    name = "clients"
    blueprint = "clients"
    place = "clients"
    permission = "clients.export"
    records = RECORDS
    form = ClientExportForm
    nothing = (_("Nobody to export"), _("Nobody is in this list. Take a filter away first."))
    icon = "people"

    def many(self, count: int) -> str:
        return ngettext("%(count)s client", "%(count)s clients", count, count=format_number(count))

    def measured(self, shares: Iterable[Sequence[uuid.UUID]]) -> Widths:
        widths = Widths()
        for some in shares:
            widths.look_at(some)
        return widths

    def columns(self, keys: Sequence[str], port_id: uuid.UUID, measures: Widths | None) -> list[Column]:
        return shown_columns(keys) if measures is None else all_columns(port_id, measures)

    def read(self, ids: Sequence[uuid.UUID], *, is_whole: bool) -> Sequence[Outgoing]:
        return outgoing(ids, is_whole=is_whole)

    def rows(self, one: Outgoing) -> Sequence[Outgoing]:
        return one.by_vessel

    def written(self, batches: Batches, *, is_whole: bool) -> Iterator[bytes]:
        return as_vcards(batches, with_words=is_whole)
