"""How the rows of this module, and of those whose records lie with clients, follow a merge."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from .merging import links

SAME_CONTACT = """
    t.archived_at IS NULL AND EXISTS (
        SELECT FROM client_contacts s WHERE s.client_id = :survivor AND s.kind = t.kind
        AND s.normalised = t.normalised AND s.archived_at IS NULL)
"""
NOT_FIRST = """
    is_primary = t.is_primary AND (t.archived_at IS NOT NULL OR NOT EXISTS (
        SELECT FROM client_contacts s WHERE s.client_id = :survivor AND s.kind = t.kind
        AND s.is_primary AND s.archived_at IS NULL))
"""

# One between the two is none any more; who is the same to both is it once. Spouses are, whoever was named first.
SAME_PERSON = """
    t.{theirs} = :survivor OR t.archived_at IS NULL AND EXISTS (
        SELECT FROM client_relationships s WHERE s.archived_at IS NULL AND s.kind = t.kind
        AND (s.{mine} = :survivor AND s.{theirs} = t.{theirs}
             OR s.kind = 'spouse' AND s.{theirs} = :survivor AND s.{mine} = t.{theirs}))
"""

links.follows(
    "client_contacts",
    "client_id",
    _("Contacts"),
    one=_("Contact"),
    named="value",
    clash=SAME_CONTACT,
    also=NOT_FIRST,
    ours=("is_primary",),
)
links.follows("client_notes", "client_id", _("Notes"), one=_("Note"), named="body")
links.follows("import_rows", "client_id", _("Rows of imports"), is_told=False)
# `client_id` of a file follows from these two by itself.
links.follows("files", "entity_id", _("Files"), one=_("File"), named="filename", where="t.entity = 'clients'")

links.follows(
    "reminders", "about_id", _("Reminders"), one=_("Reminder"), named="title", where="t.about_type = 'client'"
)
# Who stands in one line twice stands in it once, in the survivor's place; but a berth that is offered stays offered.
# Where both are offered one, nobody can take the one of the merged client any more.
SAME_LINE = "s.list_id = t.list_id AND s.vessel_id IS NOT DISTINCT FROM t.vessel_id"
links.follows(
    "waiting_entries",
    "client_id",
    _("Waiting lists"),
    one=_("Waiting list"),
    gives_way="t.status = 'waiting' AND EXISTS (SELECT FROM waiting_entries s"
    f" WHERE s.client_id = :merged AND {SAME_LINE} AND s.status = 'offered')",
    made_way="status = 'withdrawn'",
    clash="t.status IN ('waiting', 'offered') AND EXISTS (SELECT FROM waiting_entries s"
    f" WHERE s.client_id = :survivor AND {SAME_LINE} AND s.status IN ('waiting', 'offered'))",
    leftover="status = CASE WHEN t.status = 'waiting' THEN 'withdrawn' ELSE t.status END",
    ours=("status",),
)
links.follows("registrations", "client_id", _("Registrations"), one=_("Registration"), named="number")
links.follows("vessels", "client_id", _("Vessels"), one=_("Vessel"), named="name")
links.follows("interests", "client_id", _("Interests"), one=_("Interest"), named="number")
links.follows("documents", "client_id", _("Signed documents"), is_told=False)
links.follows("berth_occupancies", "client_id", _("Stays"), one=_("Stay"))
links.follows("vessel_ownerships", "client_id", _("Owners of vessels, past ones too"), is_told=False)
for mine, theirs in (("from_id", "to_id"), ("to_id", "from_id")):
    links.follows(
        "client_relationships",
        mine,
        _("Relationships"),
        one=_("Relationship"),
        clash=SAME_PERSON.format(mine=mine, theirs=theirs),
        leftover="archived_at = coalesce(t.archived_at, :now)",
        ours=("archived_at",),
    )

links.follows(
    "client_tags",
    "client_id",
    _("Tags"),
    one=_("Tag"),
    clash="EXISTS (SELECT FROM client_tags s WHERE s.client_id = :survivor AND s.tag_id = t.tag_id)",
)
links.follows(
    "custom_field_values",
    "client_id",
    _("Fields of your own"),
    clash="EXISTS (SELECT FROM custom_field_values s"
    " WHERE s.client_id = :survivor AND s.definition_id = t.definition_id)",
)

links.stays("files", "client_id", "it follows from entity_id")
links.stays("clients", "merged_into_id", "the pointer of an earlier merge: addresses follow it from one to the next")
links.stays("client_duplicates", "a_id", "the pair itself is settled; others are not shown while one is put away")
links.stays("client_duplicates", "b_id", "as a_id")
links.stays("client_merge_log", "survivor_id", "the log of an earlier merge")
links.stays("client_merge_log", "merged_id", "the log of an earlier merge")
links.stays("client_archives", "client_id", "what was put together of one of the two; gone after a week")
# Without a foreign key:
links.stays("events", "subject_id", "append-only and signed; the survivor's page leads to them")
links.stays("event_mentions", "subject_id", "as events: the timeline that the survivor's page leads to")
links.stays("subject_keys", "subject_id", "the key of those events and of the snapshot")
links.stays("search_words", "subject_id", "kept by a trigger; who is put away is not found")
links.stays("change_items", "subject_id", "a rollback sees that the client was merged since, and leaves it")
links.stays("bulk_edits", "last_id", "how far a bulk edit has got; who is put away meanwhile is passed over")
