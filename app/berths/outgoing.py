"""What goes out of berths in a file, and under which headings: the columns that the list shows, or all that an import
reads.

The headings of a full file are those by which `Columns.match` knows them, so that it comes back without a question.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from sqlalchemy import select

from ..db import db
from ..exports import kinds as exports
from ..exports.forms import WholeForm
from ..exports.kinds import as_read_again
from ..fields.models import is_custom, values_of
from ..formats import format_number
from ..identity.models import current_port_of
from ..imports.reading import in_a_cell
from .imports.columns import Columns, as_read
from .imports.targets import ACTIVE, FIELDS, OF_DOCKS, OF_HARBOURS
from .labels import PERIODS, STATUSES, TENURES
from .listing import RECORDS
from .models import Berth, Dock, Harbour
from .models.berth import NO_DOCK
from .queries import ROW_TAGS, list_columns, row_columns


class BerthsOut(exports.Table):
    """The list of berths. Who sees it may take it along: nothing in it is about a person."""

    name = "berths"
    blueprint = "berths"
    place = "berths"
    permission = "berths.view"
    records = RECORDS
    form = WholeForm
    nothing = (_("Nothing to export"), _("The list shows no berth. Take a filter away first."))
    icon = "anchor"

    def many(self, count: int) -> str:
        return ngettext("%(count)s berth", "%(count)s berths", count, count=format_number(count))

    def measured(self, shares: Iterable[Sequence[uuid.UUID]]) -> Any:
        """Every berth needs the same columns."""
        return ()

    def columns(self, keys: Sequence[str], port_id: uuid.UUID, measures: Any) -> list[exports.Column]:
        return super().columns(keys, port_id, measures) if measures is None else all_columns(port_id)

    def always(self) -> Sequence[exports.Column]:
        of = exports.Column
        return (
            of(_("Harbour"), exports.plain("harbour_name")),
            of(_("Dock"), lambda row: named_dock(row.dock_name)),
            of(_("Berth"), exports.plain("code")),
            of(_("Tags"), lambda row: in_a_cell(tags_of(row))),
        )

    def shown(self) -> Mapping[str, Sequence[exports.Column]]:
        of, number = exports.Column, exports.number
        return {
            "status": (of(_("Status"), status()),),
            "size": (of(_("Length (m)"), number("max_loa")), of(_("Width (m)"), number("max_beam"))),
            "depth": (of(_("Depth (m)"), number("depth")),),
            "tenure": (
                of(_("Tenure"), exports.worded("tenure", TENURES)),
                of(_("Tenure expires"), exports.plain("tenure_expires_on")),
            ),
            "price": (
                of(_("Price"), number("price")),
                of(_("Currency"), exports.plain("currency")),
                of(_("Price for"), exports.worded("price_period", PERIODS)),
            ),
            "updated": (of(_("Last change"), exports.moment("updated_at")),),
        }

    def read(self, ids: Sequence[uuid.UUID], *, is_whole: bool) -> Sequence[Any]:
        """One statement; two where everything goes out."""
        scope = select(Berth).where(Berth.id.in_(ids))
        if is_whole:
            custom = values_of(Berth.resource, ids)
            whole = db.session.execute(row_columns(scope).with_only_columns(*WHOLE))
            rows: Iterable[Any] = (SimpleNamespace(**row._mapping, custom=custom.get(row.id, {})) for row in whole)
        else:
            rows = db.session.execute(list_columns(scope))
        found = {row.id: row for row in rows}
        return [found[one] for one in ids if one in found]


def named_dock(name: str) -> str:
    """Empty where the harbour has no docks."""
    return "" if name == NO_DOCK else name


def tags_of(row: Any) -> list[str]:
    return [name for name, _colour in row.tags or ()]


def status() -> Callable[[Any], str]:
    """What stands on the badge."""
    word, put_away = exports.worded("status", STATUSES), gettext("Archived")
    return lambda row: put_away if row.archived_at else word(row)


# --- All there is


def column_of(key: str) -> Any:
    """What a field of files is kept in."""
    for model, of in ((Harbour, OF_HARBOURS), (Dock, OF_DOCKS)):
        if key.startswith(of):
            return getattr(model, key.removeprefix(of))
    return {"harbour": Harbour.name, "dock": Dock.name}.get(key) or getattr(Berth, key)


WHOLE = (
    Berth.id,
    Berth.archived_at,
    ROW_TAGS.label("tags"),
    *(column_of(field.key).label(field.key) for field in FIELDS if field.key not in ("tags", ACTIVE)),
)


def all_columns(port_id: uuid.UUID) -> list[exports.Column]:
    """Codes rather than words where a word could be another in the next language."""
    known = Columns.of(current_port_of(port_id))
    return [exports.Column(known.label_of(field.key), cell_of(known, field.key)) for field in known.fields]


def cell_of(known: Columns, key: str) -> Callable[[Any], str]:
    if key == "tags":
        return lambda one: in_a_cell(tags_of(one))
    if key == ACTIVE:
        return lambda one: as_text(one.archived_at is None)
    if key == "dock":
        return lambda one: named_dock(one.dock)
    if is_custom(key):
        write = as_read_again(known.read[key])
        return lambda one: write(one.custom.get(key, ""))
    name = key.removeprefix(OF_DOCKS)
    return lambda one: as_text(as_read(name, getattr(one, key)))


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
