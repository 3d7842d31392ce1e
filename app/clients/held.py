"""What is held about a client in the tables of this module, and of those whose records lie with clients."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from ..events.timeline import FieldWords
from ..files.labels import CATEGORY_WORDS, file_size, kind_name
from .labels import CONTACT_KINDS, FIELDS, REASONS, RELATIONS
from .models import Client, RelationshipKind
from .models.holding import FOLLOWS, STAYS, UNHELD, WHEN, as_text, holds, looked_up

OF_CLIENT = "t.client_id = ANY (:clients)"
ROW = ("id", "port_id")
PUT_AWAY = {"archived_at": _("Removed on")}


def _words(choices: Any) -> Any:
    words = {str(value): label for value, label in dict(choices).items()}
    return lambda value: str(words.get(str(value), as_text(value)))


def _relation(value: str) -> str:
    kind, _bar, side = value.partition("|")
    of, has = RELATIONS[RelationshipKind(kind)]
    return str(of if side == "of" else has)


def _cells(value: Any) -> str:
    return " · ".join(cell for cell in value or () if cell)


def _reasons(value: Any) -> str:
    return ", ".join(str(REASONS.get(reason, reason)) for reason in value or ())


holds(
    "clients",
    _("Details"),
    "t.id = ANY (:clients)",
    rank=0,
    page="'clients/' || t.number",
    columns=("id", "merged_into_id"),
    fields={
        "number": _("Number"),
        **{name: FIELDS[name] for name in Client.EDITABLE if name not in ("owner_id", "marketing_consent")},
        "marketing_consent_at": _("Agreed to news and offers on"),
        "owner": _("Looked after by"),
        "created_by": _("Entered by"),
        **WHEN,
        "archived_at": _("Archived on"),
        "merged_into": _("Merged into number"),
    },
    left_out=(*ROW, "sort_name", "version", "owner_id", "created_by_id", "merged_into_id", "erased_at"),
    also={
        "owner": "(SELECT o.name FROM users o WHERE o.id = t.owner_id)",
        "created_by": "(SELECT o.name FROM users o WHERE o.id = t.created_by_id)",
        "merged_into": "(SELECT o.number FROM clients o WHERE o.id = t.merged_into_id)",
    },
    order="t.merged_into_id IS NOT NULL, t.id",
    erased=STAYS,  # emptied by the erasure itself
)
holds(
    "client_archives",
    _("Archives"),
    OF_CLIENT,
    columns=("client_id",),
    fields={"created_at": _("Asked for on"), "asked_by": _("Asked for by"), "ready_at": _("Ready on")},
    left_out=(*ROW, "client_id", "status", "storage_key", "size", "files", "asked_by_id", "updated_at"),
    also={
        "asked_by": "(SELECT o.name FROM users o WHERE o.id = t.asked_by_id)",
    },
)
holds(
    "change_items",
    _("Bulk changes"),
    "(t.subject_type = 'client' AND t.subject_id = ANY (:clients)"
    " OR t.subject_type = 'vessel' AND t.subject_id IN their_vessels)",
    columns=("subject_id",),
    fields={"title": _("Change"), "applied_at": _("Made on"), "act": _("What was done"), "reason": _("Note")},
    # What it was before stands in the timeline as well.
    left_out=(*ROW, "change_set_id", "subject_type", "subject_id", "event_id", "last_event_id", "sealed", "outcome"),
    also={
        "title": looked_up("change_sets", "title", "change_set_id"),
        "applied_at": looked_up("change_sets", "applied_at", "change_set_id"),
    },
    erased=r"sealed = '\x', reason = ''",
)
holds(
    "client_merge_log",
    _("Merges"),
    "(t.survivor_id = ANY (:clients) OR t.merged_id = ANY (:clients))",
    columns=("survivor_id", "merged_id"),
    fields={
        "merged": _("Number"),
        "survivor": _("Merged into number"),
        "created_at": _("Merged on"),
        "merged_by": _("Merged by"),
        "undone_at": _("Undone on"),
    },
    # Whatever was merged is in this archive by itself.
    left_out=(*ROW, "survivor_id", "merged_id", "moved", "sealed", "sealed_survivor", "merged_by_id", "updated_at"),
    also={
        "merged": "(SELECT o.number FROM clients o WHERE o.id = t.merged_id)",
        "survivor": "(SELECT o.number FROM clients o WHERE o.id = t.survivor_id)",
        "merged_by": "(SELECT o.name FROM users o WHERE o.id = t.merged_by_id)",
    },
)
holds(
    "client_duplicates",
    _("Clients who look alike"),
    "(t.a_id = ANY (:clients) OR t.b_id = ANY (:clients))",
    columns=("a_id", "b_id"),
    fields={
        "score": _("Likelihood in percent"),
        "reasons": FieldWords(_("Why"), _reasons),
        "state": _("State"),
        "created_at": _("Found on"),
        "decided_at": _("Decided on"),
    },
    # Who the other is is their own business.
    left_out=(*ROW, "a_id", "b_id", "decided_by_id", "updated_at"),
)
holds(
    "import_rows",
    _("Rows of imported files"),
    "(t.client_id = ANY (:clients) OR EXISTS (SELECT FROM import_rows r WHERE r.import_id = t.import_id"
    " AND r.row_number = t.twin AND r.client_id = ANY (:clients)))",
    columns=("client_id",),
    fields={
        "filename": _("File"),
        "row_number": _("Row"),
        "source": FieldWords(_("What was in it"), _cells),
        "message": _("Note"),
        "outcome": _("What came of it"),
    },
    left_out=(
        *ROW,
        "import_id",
        "client_id",
        "berth_id",
        "fields",
        "verdict",
        "problem",
        "twin",
        "differences",
        "is_decided",
    ),
    also={
        "filename": looked_up("imports", "filename", "import_id"),
    },
)
holds(
    "files",
    _("Files"),
    "their_files",
    rank=7,
    columns=("entity_id", "client_id"),
    fields={
        "number": _("Number"),
        "filename": _("Name"),
        "category": FieldWords(_("Kind"), _words(CATEGORY_WORDS)),
        **WHEN,
        "archived_at": _("Deleted on"),
    },
    left_out=(*ROW, "sort_name", "entity", "entity_id", "client_id", "folder_id", "version"),
)
holds(
    "file_versions",
    _("Contents of the files"),
    "t.file_id IN (SELECT t.id FROM files t WHERE their_files)",
    rank=7,
    columns=("file_id",),
    fields={
        "path": _("In this archive"),
        "filename": _("Name"),
        "ordinal": _("Version"),
        "mime": FieldWords(_("Kind"), kind_name),
        "size": FieldWords(_("Size"), file_size),
        "created_at": _("Uploaded on"),
        "uploaded_by": _("Uploaded by"),
    },
    left_out=(
        *ROW,
        "file_id",
        "is_current",
        "storage_key",
        "sha256",
        "uploaded_by_id",
        "scan_status",
        "scanned_at",
        "scan_words",
        "look",
        "pages",
    ),
    also={
        "path": "''",
        "uploaded_by": "(SELECT o.name FROM users o WHERE o.id = t.uploaded_by_id)",
    },
    order="t.file_id, t.ordinal",
    erased=FOLLOWS,
)
holds(
    "file_pictures",
    _("Pictures made of them"),
    "t.version_id IN (SELECT v.id FROM file_versions v"
    " WHERE v.file_id IN (SELECT t.id FROM files t WHERE their_files))",
    columns=("version_id",),
    fields={"page": _("Page")},
    left_out=(*ROW, "version_id", "storage_key", "width", "height"),
    erased=FOLLOWS,
)
holds(
    "custom_field_values",
    _("Fields of your own"),
    "(t.client_id = ANY (:clients) OR t.vessel_id IN their_vessels)",
    rank=6,
    columns=("client_id", "vessel_id"),
    fields={"label": _("Field"), "value": _("Value"), "vessel": _("Vessel"), "updated_at": _("Last change")},
    left_out=(
        *ROW,
        "definition_id",
        "resource",
        "kind",
        "client_id",
        "vessel_id",
        "berth_id",
        "text_value",
        "number_value",
        "date_value",
    ),
    also={
        "label": looked_up("custom_field_definitions", "label", "definition_id"),
        "value": (
            "coalesce((SELECT o ->> 'label' FROM custom_field_definitions d, LATERAL "
            "jsonb_array_elements(d.options) o WHERE d.port_id = t.port_id AND d.id = "
            "t.definition_id AND o ->> 'key' = t.text_value), t.text_value, "
            "trim_scale(t.number_value)::text, t.date_value::text)"
        ),
        "vessel": "(SELECT o.name FROM vessels o WHERE o.id = t.vessel_id)",
    },
)
holds(
    "client_notes",
    _("Notes"),
    OF_CLIENT,
    rank=4,
    columns=("client_id",),
    fields={
        "body": FIELDS["body"],
        "author_name": _("Written by"),
        "created_at": _("Written on"),
        "edited_at": _("Changed on"),
        "pinned": _("Pinned"),
        **PUT_AWAY,
    },
    left_out=(*ROW, "client_id", "author_id", "updated_at"),
)
holds(
    "client_note_mentions",
    _("Colleagues named in notes"),
    "t.note_id IN (SELECT n.id FROM client_notes n WHERE n.client_id = ANY (:clients))",
    columns=("note_id",),
    fields={"name": _("Name"), "created_at": _("Named on")},
    left_out=(*ROW, "note_id", "user_id"),
    erased=FOLLOWS,
)
holds(
    "client_relationships",
    _("Relationships"),
    "(t.from_id = ANY (:clients) OR t.to_id = ANY (:clients))",
    rank=2,
    columns=("from_id", "to_id"),
    fields={"relation": FieldWords(_("Relationship"), _relation), "other": _("With"), **WHEN, **PUT_AWAY},
    left_out=(*ROW, "from_id", "to_id", "kind"),
    also={
        "relation": "t.kind || CASE WHEN t.from_id = ANY (:clients) THEN '|of' ELSE '|has' END",
        "other": (
            "(SELECT o.full_name FROM clients o WHERE o.port_id = t.port_id AND o.id = CASE WHEN "
            "t.from_id = ANY (:clients) THEN t.to_id ELSE t.from_id END)"
        ),
    },
)
holds(
    "client_tags",
    _("Tags"),
    OF_CLIENT,
    rank=5,
    columns=("client_id",),
    fields={"tag": _("Tag"), "created_at": _("Since")},
    left_out=(*ROW, "client_id", "tag_id"),
    also={
        "tag": "(SELECT o.name FROM tags o WHERE o.id = t.tag_id)",
    },
)
holds(
    "client_contacts",
    _("Contacts"),
    OF_CLIENT,
    rank=1,
    columns=("client_id",),
    fields={
        "kind": FieldWords(_("Kind"), _words(CONTACT_KINDS)),
        "value": FIELDS["value"],
        "label": FIELDS["label"],
        "is_primary": FIELDS["is_primary"],
        **WHEN,
        **PUT_AWAY,
    },
    left_out=(*ROW, "client_id", "normalised", "version"),
)

UNHELD.update(
    {
        ("files", "folder_id"): "a file of a record is in no folder",
        ("events", "subject_id"): "told in the timeline; an erasure takes the key",
        ("event_mentions", "subject_id"): "taken with the key",
        ("event_mentions", "event_id"): "taken with the key",
        ("subject_keys", "subject_id"): "the key that is taken",
        ("search_words", "subject_id"): "kept by a trigger: words that are gone are not there",
        ("notifications", "event_id"): "told beside the timeline; taken with the key",
        ("bulk_edits", "last_id"): "how far a bulk edit has got; its words, such as a typed reason, go after 30 days",
    }
)
