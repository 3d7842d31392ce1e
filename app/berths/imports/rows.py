"""One row of a file of berths, read by the fields its columns fill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from ...current import CurrentPort
from ...imports import rows
from ...imports.models import Import
from ...imports.reading import TOTALS, WrongRow
from ...imports.tags import names_of_tags, read_tags
from ...sorting import sort_name
from ..models.berth import NO_DOCK
from .columns import Columns
from .targets import ACTIVE


class Rows(rows.Rows):
    """`tags`: those there are, by name in lower case."""

    columns: Columns

    def __init__(self, found: Import, port: CurrentPort) -> None:
        super().__init__(Columns.of(port, may_tag=found.may_update))
        self.currency, self.may_add_tags = port.currency, found.may_add_tags
        self.tags = names_of_tags(port.id)

    @property
    def harbour(self) -> str:
        """Of rows that cannot say it; empty where they have to."""
        return "" if "harbour" in self.targets else self.columns.harbour

    def check_shape(self, named: Mapping[str, str]) -> None:
        if any(sort_name(named.get(key, "")).rstrip(":. ") in TOTALS for key in ("harbour", "dock", "code")):
            raise WrongRow(_("This looks like a row of totals, not like a berth."), "code")
        if not named.get("code"):
            raise WrongRow(_("There is no berth number in this row."), "code")
        if not named.get("harbour") and not self.harbour:
            raise WrongRow(_("The row does not say in which harbour the berth lies."), "harbour")

    def read_value(self, key: str, typed: Any) -> Any:
        if key == "tags":
            return read_tags(typed, self.tags, may_add=self.may_add_tags)
        return super().read_value(key, typed)

    def complete(self, read: dict[str, Any]) -> None:
        read.setdefault("harbour", self.harbour)
        if read.get("dock", NO_DOCK) in rows.NOTHING:
            read["dock"] = NO_DOCK
        read.setdefault(ACTIVE, True)
        if read.get("has_water"):
            read["dock_has_water"] = True
        if read.get("power_amps"):
            read["dock_has_power"] = True
        if read.get("price"):
            read.setdefault("currency", self.currency)
        if ("dock_latitude" in read) != ("dock_longitude" in read):
            raise WrongRow(_("Latitude and longitude go together."), "dock_longitude")
