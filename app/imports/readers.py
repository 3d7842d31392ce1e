"""What reads a cell, for files of any kind. Each gives the value as JSON keeps it and raises Unfit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _

from ..fields.models import FieldKind, Unfit, read
from ..formats import today
from ..measures import LENGTH, Limit, read_length
from ..sorting import sort_name


def length(typed: str, limit: Limit = LENGTH) -> str:
    """In metres, a text with a point."""
    try:
        return f"{read_length(typed, limit):.2f}"
    except ValueError as error:
        raise Unfit(str(error)) from error


def one_of(choices: Sequence[tuple[Any, Any]], synonyms: Mapping[str, Any], typed: str) -> str:
    """By key, by label in the port's language, or as other systems say it."""
    words = {sort_name(word): str(key) for key, label in choices if key for word in (str(key), str(label))}
    words |= {word: str(key) for word, key in synonyms.items()}
    found = words.get(sort_name(typed))
    if found is None:
        offered = ", ".join(str(label) for key, label in choices if key)
        raise Unfit(_("“%(text)s” is none of these: %(offered)s.", text=typed[:40], offered=offered))
    return found


def past_day(typed: str, still_to_come: str) -> str:
    """Also with a time behind it, as spreadsheets have it. `still_to_come`: what is said of one that is."""
    day = read(FieldKind.DATE, re.sub(r"[ T]\d{1,2}:\d{2}(:\d{2})?$", "", typed.strip()))
    if date.fromisoformat(day) > today():
        raise Unfit(still_to_come)
    return day
