"""How mail is told of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from ..events.timeline import tells
from . import models as _models  # noqa: F401  (registers its table and its jobs)


@tells("email:failed", icon="mail", tone="bad")
def tell_failed(details: Mapping[str, Any]) -> str:
    return _("could not send a mail: %(error)s", error=details["error"])
