"""Tags that rows bring: read by their names, and made where they are missing and whoever brings the file may."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from ..db import db
from ..events.models import Actor
from ..tags.models import Tag, Taken
from .models import Import
from .reading import WrongRow

LONGEST = 40


def names_of_tags(port_id: uuid.UUID) -> dict[str, str]:
    """Those in use: in lower case, and as the port spells them."""
    return {name.casefold(): name for name, _id in _there(port_id)}


def read_tags(typed: str | list[str], there: Mapping[str, str], *, may_add: bool) -> list[str]:
    """Each once, as the port spells it. Raises WrongRow."""
    found: dict[str, str] = {}
    for name in _names_in(typed):
        if why := _why_not(name, there, may_add=may_add):
            raise WrongRow(why, "tags")
        found.setdefault(name.casefold(), there.get(name.casefold(), name))
    return list(found.values())


def sorted_out(typed: str | list[str], there: Mapping[str, str], *, may_add: bool) -> tuple[list[str], list[str]]:
    """Those that `read_tags` takes, and the others."""
    names = _names_in(typed)
    left = [name for name in names if _why_not(name, there, may_add=may_add)]
    return [name for name in names if name not in left], left


def _names_in(typed: str | list[str]) -> list[str]:
    parts = typed if isinstance(typed, list) else re.split(":::" if ":::" in typed else "[;,]", typed)
    return [name for part in parts if (name := " ".join(part.split()))]


def _why_not(name: str, there: Mapping[str, str], *, may_add: bool) -> str:
    if len(name) > LONGEST:
        return _("The tag “%(name)s…” is longer than %(most)d characters.", name=name[:30], most=LONGEST)
    if name.casefold() not in there and not may_add:
        return _("There is no tag “%(name)s” here, and adding one takes the permission to manage tags.", name=name)
    return ""


def ids_of_tags(found: Import, rows: Sequence[Any], by: Actor) -> dict[str, uuid.UUID]:
    """The tags in use by name in lower case, with those of the rows, made where they are missing; nothing where no row
    brings any."""
    wanted = {tag.casefold(): tag for row in rows for tag in row.fields.get("tags", ())}
    tags = {name.casefold(): tag_id for name, tag_id in _there(found.port_id)} if wanted else {}
    missing = [tag for key, tag in wanted.items() if key not in tags]
    if not missing or not found.may_add_tags:
        return tags
    for name in missing:
        with suppress(Taken):  # by somebody who was faster
            Tag.create(name, "grey", port_id=found.port_id, by=by, announce=False)
    return {name.casefold(): tag_id for name, tag_id in _there(found.port_id)}


def _there(port_id: uuid.UUID) -> Sequence[Any]:
    return db.session.execute(select(Tag.name, Tag.id).where(Tag.port_id == port_id, Tag.archived_at.is_(None))).all()


def gone_tag(fields: Mapping[str, Any], tag_ids: Mapping[str, uuid.UUID]) -> str:
    """What is said of a tag that went since the file was checked; empty where all are there."""
    for tag in fields.get("tags", ()):
        if tag.casefold() not in tag_ids:
            return _("There is no tag “%(name)s” any more.", name=tag)
    return ""


def new_tags(fields: Mapping[str, Any], has: Collection[str]) -> list[str]:
    """Those that the record does not carry yet; `has`: in lower case."""
    return [tag for tag in fields.get("tags", ()) if tag.casefold() not in has]
