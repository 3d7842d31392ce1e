"""What terms and units are called where a price is explained."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

TERM_WORDS = {"annual": _("annual"), "seasonal": _("seasonal"), "monthly": _("monthly"), "nightly": _("nightly")}
PER_UNIT = {
    "berth_width": _("a metre"),
    "berth_length": _("a metre"),
    "vessel_loa": _("a metre"),
    "area": _("a square metre"),
    "flat": "",
}
