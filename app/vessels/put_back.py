"""Taking a bulk act on vessels back: what was added is archived, what was changed is as before, unless somebody
changed it since."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from ..changes.putting_back import PuttingBack
from ..changes.ways import Done, puts_back
from ..events.bulk import Happening
from ..events.models import Actor
from ..fields.models import is_custom
from ..sorting import sort_name
from .labels import FIELDS
from .models import Vessel
from .models.bulk import row_of


@puts_back("vessel")
def put_vessels_back(done: Sequence[Done], port_id: uuid.UUID, by: Actor) -> Mapping[uuid.UUID, str]:
    return VesselsBack(done, port_id, by).reasons()


class VesselsBack(PuttingBack):
    model = Vessel

    def put_back(self, one: Done) -> str:
        vessel = self.records.get(one.subject_id)
        if vessel is None:
            return _("The vessel is not there any more.")
        if one.image is None:
            return _("What it was before has been erased.")
        if one.act == "created":
            return self._archive(vessel, one)
        if vessel["archived_at"] is not None:
            return _("The vessel was archived since.")
        if changed := self._changed(vessel, one.image["fields"]):
            return _("%(fields)s: %(change)s", fields=", ".join(changed), change=self.who(one))
        self._restore(vessel, one)
        return ""

    def _archive(self, vessel: Mapping[str, Any], one: Done) -> str:
        if vessel["archived_at"] is not None:
            return ""
        if self.was_touched(one):
            return self.who(one)
        self._keep(vessel, archived_at=self.moment)
        self._tell("archived", vessel)
        return ""

    def _changed(self, vessel: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
        """What of the act has another value by now, or a field that is not there any more."""
        return sorted(
            self.label_of(name, FIELDS)
            for name, (old, new) in fields.items()
            if (is_custom(name) and name not in self.definitions)
            or as_kept(vessel.get(name, "")) not in (as_kept(old), as_kept(new))
        )

    def _restore(self, vessel: Mapping[str, Any], one: Done) -> None:
        fields = {
            name: (new, old)
            for name, (old, new) in (one.image or {})["fields"].items()
            if as_kept(vessel.get(name, "")) == as_kept(new)
        }
        if not fields:
            return
        self._keep(vessel, **{name: old for name, (_new, old) in fields.items() if not is_custom(name)})
        self._tell("reverted", vessel, fields, **self.keep_custom(one, fields))

    def _tell(
        self, happened: str, vessel: Mapping[str, Any], changes: Mapping[str, Any] | None = None, **details: Any
    ) -> None:
        words, owner = {"name": vessel["name"], **details}, ("client", vessel["client_id"])
        self.happenings.append(Happening(f"vessel:{happened}", vessel["id"], changes or {}, words, told_in=[owner]))

    def _keep(self, vessel: Mapping[str, Any], **written: Any) -> None:
        """The whole row again, so that one statement writes them all."""
        row = {**row_of(vessel), "archived_at": vessel["archived_at"], **written}
        self.rows.append({**row, "sort_name": sort_name(row["name"]), "updated_at": self.moment})


def as_kept(value: Any) -> Any:
    """As images have it, which are JSON."""
    return f"{value:.2f}" if isinstance(value, Decimal) else value
