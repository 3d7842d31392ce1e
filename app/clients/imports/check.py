"""The look at a whole file of clients: what its rows say of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from ...current import CurrentPort
from ...db import db
from ...imports import kinds
from ...imports.models import Import, ImportRow
from ...imports.verdicts import Judgement
from ...tables.reading import Table
from .here import about
from .seen import Seen
from .targets import VESSEL_BY
from .verdicts import RowAt, judge


class Check(kinds.Check):
    def __init__(self, found: Import, port: CurrentPort) -> None:
        super().__init__(found, port)
        self.import_id = found.id

    def begin(self, table: Table, targets: Sequence[str]) -> None:
        super().begin(table, targets)
        self.seen = Seen(keeps_names=bool(VESSEL_BY & set(targets)))

    def judge(self, rows: Mapping[int, Mapping[str, Any]]) -> Mapping[int, Judgement]:
        here, row_at = about(list(rows.values())), self._rows_above(rows)
        return {
            number: judge(fields, number, here, self.seen, may_update=self.may_update, row_at=row_at)
            for number, fields in rows.items()
        }

    def _rows_above(self, batch: Mapping[int, Mapping[str, Any]]) -> RowAt:
        """The fields of a row of the file: of this batch, or of one that is kept already."""
        kept: dict[int, Mapping[str, Any] | None] = dict(batch)
        if asked_for := {row for fields in batch.values() for row in self.seen.with_same_client(fields)}:
            its = select(ImportRow.row_number, ImportRow.fields).where(ImportRow.row_number.in_(asked_for))
            kept.update((number, fields) for number, fields in self._of_this(its))

        def row_at(number: int) -> Mapping[str, Any] | None:
            if number not in kept:
                one = select(ImportRow.row_number, ImportRow.fields).where(ImportRow.row_number == number)
                kept[number] = next((fields for _number, fields in self._of_this(one)), None)
            return kept[number]

        return row_at

    def _of_this(self, rows: Any) -> Any:
        return db.session.execute(rows.where(ImportRow.import_id == self.import_id))
