"""How mail is told of."""

from __future__ import annotations

from flask_babel import lazy_gettext

from ..events.timeline import tells
from . import models as _models  # noqa: F401  (registers its table and its jobs)

tells("email:failed", lazy_gettext("could not send a mail: %(error)s"), icon="mail", tone="bad")
