"""What is held about a client by way of the berths that suit them; it goes with their interests."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ...clients.models.holding import FOLLOWS, holds

BERTH = "(SELECT b.code FROM berths b WHERE b.port_id = t.port_id AND b.id = t.berth_id)"

holds(
    "berth_recommendations",
    _("Recommended berths"),
    "t.interest_id IN their_interests",
    rank=3,
    columns=("interest_id",),
    fields={
        "berth": _("Berth"),
        "score": _("Score"),
        "note": _("Why this one"),
        "dismissed_at": _("Not this one since"),
        "created_at": _("Entered"),
        "updated_at": _("Last change"),
    },
    left_out=("id", "port_id", "interest_id", "berth_id", "reasons", "source", "by_id"),
    also={"berth": BERTH},
    erased=FOLLOWS,
)
holds(
    "berth_lookouts",
    _("Looks for berths"),
    "t.interest_id IN their_interests",
    columns=("interest_id",),
    left_out=("id", "port_id", "interest_id", "stale_since", "looked_at", "suiting", "lowest"),
    erased=FOLLOWS,
)
