"""What is asked on the public page, and how it is called."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

KINDS = [
    ("", _("Not sure yet")),
    ("annual", _("A berth all year")),
    ("seasonal", _("A berth for the season")),
    ("visit", _("A visit")),
    ("purchase", _("A berth to buy")),
]
