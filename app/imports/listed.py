"""The rows of a checked file, a page at a time."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, request, url_for
from sqlalchemy import literal, select, union_all

from ..db import db
from .columns import Columns
from .kinds import KINDS, Named
from .models import NEEDS_SOMEBODY, RANKS, Import, ImportRow

SHOWN = 50
FILTERS: dict[str, tuple[str, ...]] = {
    "": tuple(RANKS),
    "needs": NEEDS_SOMEBODY,
    **{verdict: (verdict,) for verdict in RANKS},
}


@dataclass(frozen=True)
class Rows:
    """One page of rows; `first` is the position of its first, `told` what each changes: field, old and new."""

    rows: Sequence[ImportRow]
    first: int
    total: int
    previous_url: str | None
    next_url: str | None
    names: Mapping[uuid.UUID, Named]
    told: Mapping[uuid.UUID, list[tuple[str, str, str]]]

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def place_of(args: Mapping[str, str]) -> dict[str, str]:
    """Where in the list of rows somebody was."""
    return {name: args[name] for name in ("verdict", "after", "before", "from") if args.get(name)}


def rows_of_import(found: Import, verdict: str, columns: Columns) -> Rows:
    """The page of rows that the address asks for: what needs somebody first, each verdict in the order of the file."""
    wanted, backwards, kind = FILTERS[verdict], "before" in request.args, KINDS[found.kind]
    edge = _edge(request.args.get("before" if backwards else "after", ""))
    parts = [_part(found, one, edge, backwards=backwards) for one in wanted]
    whole = union_all(*[select(part.subquery()) for part in parts]).subquery()
    order = (whole.c.rank.desc(), whole.c.row_number.desc()) if backwards else (whole.c.rank, whole.c.row_number)
    ids = select(whole.c.id, whole.c.rank, whole.c.row_number).order_by(*order).limit(SHOWN + 1)
    keys = db.session.execute(ids).all()
    more, keys = len(keys) > SHOWN, keys[:SHOWN]
    by_id = {row.id: row for row in db.session.scalars(select(ImportRow).where(ImportRow.id.in_([k.id for k in keys])))}
    rows = [by_id[key.id] for key in (reversed(keys) if backwards else keys)]
    total = sum(getattr(found, f"{one}_count") for one in wanted)
    has_previous, has_next = (more, True) if backwards else (edge is not None, more)
    first = request.args.get("from", 1, type=int) if has_previous else 1

    def url(name: str, row: ImportRow, start: int) -> str:
        place: dict[str, Any] = {name: f"{RANKS[row.verdict]}.{row.row_number}", "from": max(start, 1)}
        return url_for(f"{kind.blueprint}.show_import", number=found.number, verdict=verdict or None, **place)

    return Rows(
        rows,
        max(first, 1),
        total,
        url("before", rows[0], first - SHOWN) if rows and has_previous else None,
        url("after", rows[-1], first + len(rows)) if rows and has_next else None,
        kind.named({row.record_id for row in rows if row.record_id}),
        dict(zip([row.id for row in rows], kind.told([row.differences for row in rows], columns), strict=True)),
    )


def _edge(place: str) -> tuple[int, int] | None:
    if not place:
        return None
    found = re.fullmatch(r"([0-4])\.([0-9]{1,9})", place)
    if not found:
        abort(400)
    return int(found[1]), int(found[2])


def _part(found: Import, verdict: str, edge: tuple[int, int] | None, *, backwards: bool) -> Any:
    """The rows of one verdict on one side of the edge: an index scan of one page."""
    rank = RANKS[verdict]
    part = select(ImportRow.id, ImportRow.row_number, literal(rank).label("rank")).where(
        ImportRow.import_id == found.id, ImportRow.verdict == verdict
    )
    if edge is not None and rank == edge[0]:
        part = part.where(ImportRow.row_number < edge[1] if backwards else ImportRow.row_number > edge[1])
    elif edge is not None and (rank > edge[0] if backwards else rank < edge[0]):
        part = part.where(literal(False))
    order = ImportRow.row_number.desc() if backwards else ImportRow.row_number
    return part.order_by(order).limit(SHOWN + 1)
