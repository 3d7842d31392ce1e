"""What is held about a client by way of interests; it goes with them. A sold berth keeps its stay (berths/held.py)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from ..clients.models.holding import FOLLOWS, UNHELD, WHEN, holds, looked_up
from ..documents.models import TYPES as DOCUMENT_TYPES
from ..events.timeline import FieldWords, one_of
from .labels import FIELDS, OUTCOMES, STAGES

HIDDEN = ("id", "port_id", "version")

holds(
    "interests",
    _("Interests"),
    "t.client_id = ANY (:clients)",
    rank=3,
    subject="interest",
    page="'interests/' || t.number",
    columns=("client_id",),
    fields={
        "number": _("Number"),
        **{name: words for name, words in FIELDS.items() if name not in ("owner_id", "vessel_id")},
        "berth": _("Berth"),
        "outcome": FieldWords(_("Outcome"), one_of(OUTCOMES)),
        "outcome_reason": _("Why"),
        "stage_since": _("In this stage since"),
        "active_at": _("Last activity"),
        **WHEN,
        "archived_at": _("Removed on"),
    },
    left_out=(
        *HIDDEN,
        "client_id",
        "vessel_id",
        "berth_id",
        "occupancy_id",
        "owner_id",
        "is_lead_set",
        "followed_up_days",
        "tenure_from",
        "closes",
        "worth",
    ),
    also={"berth": looked_up("berths", "code", "berth_id")},
)
holds(
    "interest_stage_changes",
    _("Stages of interests"),
    "t.interest_id IN their_interests",
    rank=3,
    columns=("interest_id",),
    fields={
        "from_stage": FieldWords(_("From"), one_of(STAGES)),
        "to_stage": FieldWords(_("To"), one_of(STAGES)),
        "at": _("On"),
        "note": _("Why"),
    },
    left_out=("id", "port_id", "interest_id", "by_id"),
)
holds(
    "interest_deposits",
    _("Deposits"),
    "t.interest_id IN their_interests",
    rank=3,
    columns=("interest_id",),
    fields={
        "amount": _("Amount"),
        "currency": _("Currency"),
        "received_on": _("Received on"),
        "reversed_at": _("Taken back on"),
        "reference": _("Reference"),
        **WHEN,
    },
    left_out=("id", "port_id", "interest_id"),
)
holds(
    "interest_notes",
    _("Notes on interests"),
    "t.interest_id IN their_interests",
    rank=4,
    columns=("interest_id",),
    fields={
        "body": _("Note"),
        "author_name": _("Written by"),
        "created_at": _("Written on"),
        "edited_at": _("Changed on"),
        "pinned": _("Pinned"),
        "archived_at": _("Removed on"),
    },
    left_out=("id", "port_id", "interest_id", "author_id", "updated_at"),
)
holds(
    "interest_note_mentions",
    _("Colleagues named in notes on interests"),
    "t.note_id IN (SELECT n.id FROM interest_notes n WHERE n.interest_id IN their_interests)",
    columns=("note_id",),
    fields={"name": _("Name"), "created_at": _("Named on")},
    left_out=("id", "port_id", "note_id", "user_id"),
    erased=FOLLOWS,
)
holds(
    "interest_tags",
    _("Tags of interests"),
    "t.interest_id IN their_interests",
    rank=5,
    columns=("interest_id",),
    fields={"tag": _("Tag"), "created_at": _("Since")},
    left_out=("id", "port_id", "interest_id", "tag_id"),
    also={"tag": looked_up("tags", "name", "tag_id")},
)
holds(
    "documents",
    _("Signed documents"),
    "t.client_id = ANY (:clients)",
    rank=3,
    subject="document",
    columns=("client_id", "interest_id", "signed_file_id"),
    fields={
        "number": _("Number"),
        "type": FieldWords(_("Document"), one_of(DOCUMENT_TYPES)),
        "status": _("Status"),
        "file": _("File"),
        **WHEN,
    },
    left_out=(*HIDDEN, "client_id", "interest_id", "berth_id", "signed_file_id", "sha256"),
    also={"file": looked_up("files", "filename", "signed_file_id")},
)
UNHELD["interests", "vessel_id"] = "a vessel that goes is taken out of interests in it"
UNHELD["interests", "occupancy_id"] = "the stay is told of by itself"
