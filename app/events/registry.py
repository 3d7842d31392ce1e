"""Every event there is, with the fields of its payload. An event that is not listed cannot be recorded."""

from __future__ import annotations

EVENTS: dict[str, tuple[str, ...]] = {
    "auth:login": ("email",),
    "auth:logout": (),
    "auth:failed": ("email", "reason"),
    "permission:denied": ("permission", "endpoint"),
    "client:created": ("name", "source"),
    "client:updated": ("changed_fields",),
    "client:archived": (),
    "client:restored": (),
    "client:noteAdded": ("note_id", "author", "preview"),
    "client:noteRemoved": ("note_id",),
    "client:noteRestored": ("note_id",),
    "contact:created": ("contact_id", "kind"),
    "contact:updated": ("contact_id", "changed_fields"),
    "contact:archived": ("contact_id", "kind"),
    "contact:restored": ("contact_id", "kind"),
    "import:uploaded": ("filename",),
    "import:checked": ("new", "skipped", "wrong"),
    "import:started": ("filename", "rows"),
    "import:finished": ("created", "updated", "skipped", "wrong"),
    "import:stopped": ("done", "total"),
    "import:failed": ("error",),
    "email:failed": ("template", "error", "asked_by"),
    "system:jobFailed": ("queue", "job_id", "error"),
    "system:alert": ("severity", "text"),
}
