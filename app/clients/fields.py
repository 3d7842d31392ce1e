"""The fields of a client, built in and custom, in one list: whoever makes columns, reads files or changes many at once
asks here what there is, how a text is read and how a value reads."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from ..codes import country_code, language_codes
from ..fields.models import FieldDefinition, FieldKind, Option, Unfit, read
from .forms import tax_number
from .labels import FIELDS, KINDS, SOURCES, STATUSES
from .models import Client

CHOICES: dict[str, Sequence[tuple[Any, Any]]] = {"kind": KINDS, "status": STATUSES, "source": SOURCES}
LONGEST = {
    name: getattr(column.type, "length", None)
    for name, column in Client.__table__.columns.items()
    if name in Client.EDITABLE and getattr(column.type, "length", None)
}


@dataclass(frozen=True)
class ClientField:
    """`key` is what `Client.update` and events call it. `read` makes of a text what `Client.update` takes and raises
    Unfit; `words` says a value as people read it. A field without `read` is chosen, not typed."""

    key: str
    label: str
    kind: str
    words: Callable[[Any], str]
    read: Callable[[str], Any] | None = None
    options: Sequence[Option] = ()
    longest: int | None = None
    is_required: bool = False
    is_custom: bool = False

    def of(self, client: Client) -> Any:
        return getattr(client, self.key)


def fields_of_clients(port_id: uuid.UUID) -> list[ClientField]:
    """In the order of the form; one statement, for the custom ones."""
    custom = FieldDefinition.of(Client.resource, port_id=port_id)
    return [*map(_built_in, Client.EDITABLE), *map(_custom, custom)]


def _custom(field: FieldDefinition) -> ClientField:
    return ClientField(
        key=field.name,
        label=field.label,
        kind=field.kind,
        words=field.shown,
        read=field.read,
        options=field.offered,
        is_required=field.required,
        is_custom=True,
    )


def _built_in(name: str) -> ClientField:
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
    reader = readers.get(name) or (
        (lambda typed: read(FieldKind.CHOICE, typed, options)) if options else (lambda typed: _text(typed, longest))
    )
    return ClientField(
        key=name,
        label=str(FIELDS[name].label),
        kind=kind,
        words=FIELDS[name].words,
        read=None if name == "owner_id" else reader,
        options=options,
        longest=longest,
        is_required=name == "full_name",
    )


def _text(typed: str, longest: int | None) -> str:
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
