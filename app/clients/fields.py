"""The fields of a client, built in and custom, in one list: whoever makes columns, reads files or changes many at once
asks here what there is, how a text is read and how a value reads."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from flask_babel import gettext as _

from ..codes import country_code, language_codes
from ..fields.models import FieldDefinition, FieldKind, Option, RecordField, Unfit, read
from ..sorting import sort_name
from .forms import tax_number
from .labels import FIELDS, KINDS, SOURCES, STATUSES
from .models import Client, ClientKind, ClientStatus

CHOICES: dict[str, Sequence[tuple[Any, Any]]] = {"kind": KINDS, "status": STATUSES, "source": SOURCES}
LONGEST: dict[str, int] = {
    name: int(getattr(column.type, "length", 0))
    for name, column in Client.__table__.columns.items()
    if name in Client.EDITABLE and getattr(column.type, "length", None)
}

# What other systems call the kind and the standing of a client.
SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "kind": {
        **dict.fromkeys(("private", "individual", "henkilo"), ClientKind.PERSON),
        **dict.fromkeys(("business", "organisation", "organization", "yritys"), ClientKind.COMPANY),
    },
    "status": {
        **dict.fromkeys(("lead", "opportunity", "subscriber", "other"), ClientStatus.PROSPECT),
        **dict.fromkeys(("marketingqualifiedlead", "salesqualifiedlead"), ClientStatus.PROSPECT),
        **dict.fromkeys(("marketing qualified lead", "sales qualified lead"), ClientStatus.PROSPECT),
        **dict.fromkeys(("customer", "evangelist", "current", "client"), ClientStatus.ACTIVE),
        **dict.fromkeys(("inactive", "past", "lost"), ClientStatus.FORMER),
    },
}


def fields_of_clients(port_id: uuid.UUID) -> list[RecordField]:
    """In the order of the form; one statement, for the custom ones."""
    custom = FieldDefinition.of(Client.resource, port_id=port_id)
    return [*built_in_fields(), *map(RecordField.custom, custom)]


def built_in_fields() -> list[RecordField]:
    return [_built_in(name) for name in Client.EDITABLE]


def _built_in(name: str) -> RecordField:
    options = [Option(str(value), str(label)) for value, label in CHOICES.get(name, ())]
    kind = FieldKind.CHOICE if options else FieldKind.YES_NO if name == "marketing_consent" else FieldKind.TEXT
    readers: dict[str, Callable[[str], Any]] = {
        "nationality": _country,
        "country": _country,
        "languages": _languages,
        "tax_number": _tax_number,
        "marketing_consent": lambda typed: read(FieldKind.YES_NO, typed) == "yes",
    }
    longest = LONGEST.get(name)
    reader = readers.get(name) or (_one_of(name, options) if options else partial(_text, longest=longest))
    return RecordField(
        key=name,
        label=str(FIELDS[name].label),
        kind=kind,
        words=FIELDS[name].words,
        read=None if name == "owner_id" else reader,
        options=options,
    )


def _one_of(name: str, options: Sequence[Option]) -> Callable[[str], str]:
    """By key, by label in the port's language, or as other systems say it."""
    words = {sort_name(word): option.key for option in options for word in (option.key, option.label)}
    words |= SYNONYMS.get(name, {})

    def read_word(typed: str) -> str:
        if sort_name(typed) not in words:
            raise Unfit(_("“%(text)s” is none of the choices.", text=typed[:40]))
        return words[sort_name(typed)]

    return read_word


def _text(typed: str, *, longest: int | None) -> str:
    text = " ".join(typed.replace("\x00", "").split())
    if longest is not None and len(text) > longest:
        raise Unfit(_("This is longer than %(max)d characters.", max=longest))
    return text


def _country(typed: str) -> str:
    if not typed.strip():
        return ""
    code = country_code(typed)
    if code is None:
        raise Unfit(_("“%(name)s” is not a country.", name=typed[:40]))
    return code


def _languages(typed: str) -> list[str]:
    try:
        return language_codes(typed)
    except LookupError as error:
        raise Unfit(
            _("“%(name)s” is not a language. Write codes such as fr, en.", name=str(error.args[0])[:40])
        ) from error


def _tax_number(typed: str) -> str:
    try:
        return tax_number(typed)
    except ValueError as error:
        raise Unfit(str(error)) from error
