"""Whether custom fields still take what they had before a change."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from ..events.reverts import NotReverted, Reason
from .models import FieldDefinition, Unfit, is_custom


def check(resource: str, fields: Mapping[str, Any], words: Mapping[str, Any], port_id: uuid.UUID) -> None:
    """`words`: of the event that is taken back. Raises NotReverted."""
    names = [name for name in fields if is_custom(name)]
    if not names:
        return
    here = {one.name: one for one in FieldDefinition.of(resource, port_id=port_id, is_kept=True)}
    labels, reasons = words["details"].get("labels", {}), []
    for name in names:
        label = labels.get(name, name)
        try:
            here[name].read(fields[name])
        except KeyError:
            reasons.append(Reason(_("the field is archived"), label))
        except Unfit as error:
            reasons.append(Reason(str(error), label))
    if reasons:
        raise NotReverted(*reasons)
