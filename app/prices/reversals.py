"""Taking back a change of a price list, or of its lines."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reverts import NotReverted, Reason, reverts, what_to_write
from .list_file import read_line
from .models import Clash, PriceList, Unclear
from .models.price_list import as_recorded

READERS: dict[str, Callable[[str], Any]] = {
    "valid_from": date.fromisoformat,
    "valid_until": date.fromisoformat,
    "tax_rate": Decimal,
}


@reverts("priceList:updated", "priceList:linesChanged", "priceList:reverted", permission="berths.edit")
def revert_list(event: Event, words: Mapping[str, Any], member: Member) -> bool:
    """Raises NotReverted."""
    found = PriceList.visible_to(member).where(PriceList.id == event.subject_id).with_for_update()
    price_list = db.session.scalars(found).one_or_none()
    if price_list is None:
        raise NotReverted(Reason(_("the record is not there any more, or you may not open it")))
    if price_list.is_archived:
        raise NotReverted(Reason(_("the record is archived; restore it first")))
    act = revert_lines if "lines" in words["changes"] else revert_fields
    try:
        return act(price_list, event, words, member)
    except Clash as error:
        name = error.other.name if error.other else ""
        raise NotReverted(Reason(_("another price list has that time by now: %(name)s", name=name))) from error
    except Unclear as error:
        raise NotReverted(Reason(_("the bands would overlap with others that are there by now"))) from error


def revert_fields(price_list: PriceList, event: Event, words: Mapping[str, Any], member: Member) -> bool:
    changes = {}
    for name, (old, _new) in what_to_write(event, words, price_list).items():
        changes[name] = READERS[name](old) if name in READERS and old is not None else old
    return price_list.update(changes, by=member, reverting=event.id)


def revert_lines(price_list: PriceList, event: Event, words: Mapping[str, Any], member: Member) -> bool:
    old, new = words["changes"]["lines"]
    present = {str(line.id): as_recorded(line) for line in price_list.lines()}
    before, after = ({line["id"]: line for line in lines} for lines in (old, new))
    touched = before.keys() | after.keys()
    if all(present.get(line_id) == before.get(line_id) for line_id in touched):
        return False
    if any(present.get(line_id) != after.get(line_id) for line_id in touched):
        raise NotReverted(Reason(_("changed again since"), _("Prices")))
    lines = [{**line, **read_line(line), "id": uuid.UUID(line["id"])} for line in old]
    gone = [uuid.UUID(line_id) for line_id in after.keys() - before.keys()]
    return price_list.change_lines(lines, by=member, removing=gone, reverting=event.id)
