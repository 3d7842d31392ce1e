"""Topics of imports, what their events show on open screens, and how the log tells of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import redis
from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from .. import formats, live
from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reactions import on
from ..events.subjects import Shown, families, subjects
from ..events.timeline import tells
from ..identity.models import current_port_of
from ..numbers import one_numbered
from .kinds import KINDS
from .models import Import


@live.topic("imports")
def imports_topic(member: Member, key: str | None) -> str | None:
    """Only word that the lists are to be looked at again, whatever is imported."""
    may = any(member.can(kind.permission) for kind in KINDS.values())
    return f"port:{member.here().id}:imports" if may else None


@live.topic("import")
def import_topic(member: Member, key: str | None) -> str | None:
    found = one_numbered(Import, Import.visible_to(member), key)
    return found.room if found else None


@on("import:finished", "import:stopped", "import:failed")
def show_imported(event: Event) -> None:
    """What came in stands in the lists."""
    found = db.session.get(Import, event.subject_id)
    for room in KINDS[found.kind].rooms if found else ():
        live.refresh(f"port:{event.port_id}:{room}", target="#main")


@on("import:uploaded", "import:checked", "import:started", "import:finished", "import:stopped", "import:failed")
def show_import(event: Event) -> None:
    live.refresh(f"port:{event.port_id}:imports", target="#main")
    live.refresh(f"import:{event.subject_id}", target="#main")


def show_progress(import_id: uuid.UUID) -> None:
    """How far an import is; a Redis that is away only makes the bar stand still."""
    found = db.session.get(Import, import_id)
    if found is None:
        return
    port, kind = current_port_of(found.port_id), KINDS[found.kind]
    with formats.use(port), suppress(redis.RedisError):
        if found.is_under_way:
            target, context = f"import-{found.number}", {"imported": found, "kind": kind, "port": port}
            live.replace(found.room, "imports/_progress.html", target=target, **context)
        else:
            live.refresh(found.room, target="#main")


# --- How the log tells of it

tells("import:uploaded", lazy_gettext("sent the file “%(filename)s” to be imported"), icon="upload")


@tells("import:checked", icon="file-text")
def _import_checked(details: Mapping[str, Any]) -> str:
    return _(
        "checked a file: %(new)s new, %(updates)s updates, %(skipped)s duplicates, %(wrong)s wrong",
        **{name: details.get(name, 0) for name in ("new", "updates", "skipped", "wrong")},
    )


tells("import:started", lazy_gettext("started to import %(rows)s rows of “%(filename)s”"), icon="file-up", tone="info")
tells(
    "import:finished",
    lazy_gettext("imported a file: %(created)s added, %(updated)s changed"),
    icon="circle-check",
    tone="ok",
)
tells(
    "import:stopped",
    lazy_gettext("stopped an import after %(done)s of %(total)s rows"),
    icon="circle-x",
    tone="warn",
)
tells("import:failed", lazy_gettext("could not read a file: %(error)s"), icon="triangle-alert", tone="bad")

# --- What the audit log calls them, and where their pages are


@subjects("import", lazy_gettext("Import"))
def find_imports(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    seen = Import.visible_to(member).where(Import.id.in_(ids))
    rows = db.session.execute(seen.with_only_columns(Import.id, Import.number, Import.filename, Import.kind))
    return {row.id: Shown(row.filename, _address(row.kind, row.number)) for row in rows}


def _address(kind: str, number: int) -> str:
    return url_for(f"{KINDS[kind].blueprint}.show_import", number=number)


families("import", lazy_gettext("Imports"))
