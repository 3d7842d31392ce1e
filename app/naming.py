"""Which record somebody means who types its name or its number."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, or_

from .db import db
from .numbers import has_number
from .sorting import sort_name

T = TypeVar("T", bound=Any)
NUMBERED = re.compile(r"(?:.*·\s*)?(\d{1,10})", re.DOTALL | re.ASCII)


def meant_by(typed: str, kind: Any, among: Select[T], *, most: int) -> list[T]:
    """Among these the one with the number (`Belle Étoile · 1042` or `1042`), else the only one with the name, else the
    first of all whose names begin so."""
    if number := NUMBERED.fullmatch(typed.strip()):
        found = db.session.scalars(among.where(has_number(kind, int(number[1])))).all()
        if found or "·" in typed:
            return list(found)
    key = sort_name(typed)
    if not key:
        return []
    begins = among.where(begins_with(kind, key))
    found = db.session.scalars(begins.order_by(kind.sort_name, kind.id).limit(most)).all()
    exact = [one for one in found if getattr(one, "sort_name", None) == key]
    return exact if len(exact) == 1 else list(found)


def begins_with(kind: Any, key: str) -> ColumnElement[bool]:
    """As a range: behind row-level security no index is used for LIKE."""
    return and_(kind.sort_name >= key, kind.sort_name < key + "\U0010ffff")


def called_so(typed: str, kind: Any) -> ColumnElement[bool]:
    """All that have the number or whose names begin so, for narrowing a list."""
    key, number = sort_name(typed), NUMBERED.fullmatch(typed.strip())
    has_name = begins_with(kind, key) if key else false()
    return or_(has_name, has_number(kind, int(number[1]))) if number else has_name
