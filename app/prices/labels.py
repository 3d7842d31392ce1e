"""What the fields of price lists and lines are called, and how recorded lines read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from ..berths.models import MooringKind
from ..events.timeline import FieldWords
from ..formats import format_day
from ..measures import in_digits
from .models import Measure, Term
from .models.price_line import band_words
from .models.words import TERM_WORDS

TERMS = [
    (Term.ANNUAL, _("Annual")),
    (Term.SEASONAL, _("Seasonal")),
    (Term.MONTHLY, _("Monthly")),
    (Term.NIGHTLY, _("Nightly")),
]
MEASURES = [
    (Measure.BERTH_WIDTH, _("Width of the berth")),
    (Measure.BERTH_LENGTH, _("Length of the berth")),
    (Measure.VESSEL_LOA, _("Length of the vessel")),
    (Measure.AREA, _("Length × width of the berth")),
    (Measure.FLAT, _("The same for every size")),
]
# Of which berths: plural, since a line is for all of a kind.
MOORINGS = [
    (MooringKind.FINGER, _("Finger pontoons")),
    (MooringKind.SINGLE_SLIP, _("Single slips")),
    (MooringKind.SIDE_SLIP, _("Side slips")),
    (MooringKind.STERN_BUOY, _("Stern buoys")),
    (MooringKind.STERN_POLE, _("Stern poles")),
    (MooringKind.STERN_TO, _("Stern-to places")),
    (MooringKind.NO_STERN_TO, _("Places without stern-to mooring")),
    (MooringKind.ALONGSIDE, _("Places alongside a quay")),
    (MooringKind.SEA_BUOY, _("Sea buoys")),
    (MooringKind.DINGHY, _("Dinghy places")),
    (MooringKind.TRAILER, _("Trailer places")),
    (MooringKind.OTHER, _("Other moorings")),
]
TIERS = [("0", _("Every tier")), *((str(tier), str(tier)) for tier in range(1, 10))]
ROUNDINGS = [(value, value) for value in ("0.01", "0.05", "0.10", "0.50", "1.00", "5.00", "10.00", "50.00", "100.00")]

FIELDS = {
    "name": FieldWords(_("Name")),
    "season": FieldWords(_("Season")),
    "currency": FieldWords(_("Currency")),
    "tax_included": FieldWords(_("Prices include the tax")),
    "tax_rate": FieldWords(_("Tax in per cent")),
    "valid_from": FieldWords(_("From"), format_day),
    "valid_until": FieldWords(_("Until"), format_day),
}
SHOWN = 6  # recorded lines of one change that are told one by one


def line_in_words(line: Mapping[str, Any]) -> str:
    """`2.75–3.00 m wide, tier 1, annual: 330.00` of a recorded line."""
    above, up_to = Decimal(line["above"]), Decimal(line["up_to"]) if line["up_to"] else None
    tier = gettext("tier %(tier)s", tier=line["tier"]) if line["tier"] else ""
    what = filter(None, (band_words(line["measure"], above, up_to), tier, str(TERM_WORDS[line["term"]])))
    return f"{', '.join(what)}: {in_digits(Decimal(line['amount']))}"


def lines_in_words(lines: Any) -> str:
    found = [line_in_words(line) for line in (lines or ())[:SHOWN]]
    if left := len(lines or ()) - len(found):
        found.append(gettext("and %(count)d more", count=left))
    return "; ".join(found)


LINE_FIELDS = {"lines": FieldWords(_("Prices"), lines_in_words)}
