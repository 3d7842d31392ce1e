"""The form every module's forms start from, and three-way editing.

An edit form carries `_base`: the values it was opened with, signed with the record's id. When somebody saved in
between, changes to different fields merge by themselves; the same field changed differently is a clash, answered 409
with before, theirs and yours side by side.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from babel import support
from flask import abort, current_app
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import ARRAY, Text, cast, select
from wtforms import DateField, HiddenField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the types
from wtforms.fields.core import UnboundField
from wtforms.i18n import messages_path
from wtforms.validators import Length, ValidationError

from .codes import countries, country_codes
from .db import db
from .events.models import Event, SubjectKey, keyring, open_events, place_of_key
from .formats import in_force


def tidy(value: Any) -> Any:
    """A line of text without white space around it or in a row, and without NUL, which no database takes."""
    return " ".join(value.replace("\x00", "").split()) if isinstance(value, str) else value


def tidy_text(value: Any) -> Any:
    """Text of several lines, likewise; browsers end their lines with two characters."""
    if not isinstance(value, str):
        return value
    return value.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n").strip()


def nothing_as_text(value: Any) -> Any:
    """A select sends an empty text where a record has nothing."""
    return "" if value is None else value


def at_most(length: int) -> Length:
    return Length(max=length, message=_("This is longer than %(max)d characters."))


class CountryField(SelectField):
    """A country by its code. Its 250 choices are asked for when they are shown; what was sent is looked up."""

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [("", ""), *countries(in_force().locale)]

    @choices.setter
    def choices(self, _: object) -> None:
        """The same for every field."""

    def pre_validate(self, form: Any) -> None:
        if self.data and self.data not in country_codes(in_force().locale):
            raise ValidationError(self.gettext("Not a valid choice."))


class DayField(DateField):
    """A day that may be left empty; compared as text by edit forms."""

    data: Any

    def process_data(self, value: Any) -> None:
        self.data = value.isoformat() if isinstance(value, date) else value or ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        if not valuelist[0].strip():
            self.data = ""
            return
        super().process_formdata(valuelist)
        self.data = self.data.isoformat()

    def _value(self) -> str:
        return " ".join(self.raw_data) if self.raw_data else self.data or ""


NOBODY = _("Nobody is called so.")


class PickField(StringField):
    """One record of very many, by its name or number: `find` gives those that are meant, the nearest first, and one
    of them is. `record` is it; where several are meant, `matches` are offered to choose from, and where none is, what
    `near` gives: that may be a slip, so nobody is taken for meant. `nothing`: what is said then."""

    data: Any

    def __init__(
        self,
        label: Any,
        *args: Any,
        find: Callable[[str], Sequence[Any]],
        near: Callable[[str], Sequence[Any]],
        nothing: Any = NOBODY,
        **kwargs: Any,
    ) -> None:
        super().__init__(label, *args, **kwargs)
        self.find, self.near, self.nothing = find, near, nothing
        self.record: Any = None
        self.matches: Sequence[Any] = ()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """The words, and after them what was chosen of the matches."""
        typed = [text for text in map(tidy, valuelist) if text]
        self.data = typed[-1] if typed else ""
        if not self.data:
            return
        found = self.find(self.data)
        if len(found) == 1:
            self.record = found[0]
            return
        self.matches = found or self.near(self.data)
        if found:
            raise ValueError(gettext("Several are called so. Choose one."))
        offer = gettext("Did you mean one of these?") if self.matches else ""
        raise ValueError(f"{self.nothing} {offer}".rstrip())


@cache
def words_of_fields(locale: str) -> support.NullTranslations:
    """What WTForms itself says in a language, read once; Flask-WTF reads it for every request."""
    return support.Translations.load(messages_path(), [locale], domain="wtforms")


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF is published without types
    """The CSRF token is checked before the view, so it is not a field here; text is tidied, passwords are not."""

    class Meta:
        csrf = False

        def bind_field(self, form: Any, unbound: UnboundField[Any], options: dict[str, Any]) -> Any:
            if clean := _filter_for(unbound.field_class):
                options["filters"] = [clean, *unbound.kwargs.get("filters", ())]
            if pairs := unbound.kwargs.get("choices"):  # value and label, which WTForms takes in its own shape only
                options["choices"] = [c if isinstance(c, SelectChoice) else SelectChoice(*c) for c in pairs]
            return unbound.bind(form=form, **options)

        def get_translations(self, form: Any) -> Any:
            return words_of_fields(in_force().locale)

    def values(self) -> dict[str, Any]:
        """What was typed, by field name, without hidden plumbing."""
        return {name: value for name, value in self.data.items() if not name.startswith("_") and name != "base"}


def _filter_for(kind: type[Any]) -> Callable[[Any], Any] | None:
    if issubclass(kind, TextAreaField):
        return tidy_text
    if issubclass(kind, SelectField):
        return nothing_as_text
    return tidy if issubclass(kind, StringField) and not issubclass(kind, PasswordField) else None


@dataclass(frozen=True)
class Clash:
    """One field that two people changed differently."""

    name: str
    label: str
    before: Any
    theirs: Any
    yours: Any
    by: str
    at: datetime | None


@dataclass(frozen=True)
class Edit:
    """What an edit form comes to: what to write, what clashes, and the labels of what merged by itself."""

    changes: dict[str, Any]
    clashes: list[Clash] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)

    def told(self, words: str) -> str:
        """The words for what was saved; where something merged by itself, they name it."""
        if not self.merged:
            return words
        return gettext("Saved; also changed meanwhile: %(fields)s", fields=", ".join(self.merged))


class EditForm(Form):
    """Made with `obj`, the record as it is now: a field that was not sent keeps the record's value (a box that was not
    ticked is off, as browsers say it). Aborts with 400 when what it was opened with was altered."""

    base = HiddenField(name="_base")

    def __init__(self, *args: Any, obj: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, obj=obj, **kwargs)
        sent = obj is not None and self.base.raw_data is not None
        self.opened_with: Mapping[str, Any] = self._read_base(obj) if sent else {}

    def open(self, record: Any) -> None:
        """Carry the record's present values along, to be compared with when the form comes back."""
        self.base.data = _signer().dumps([str(record.id), self._present(record)])

    def compare(self, record: Any, *, told_in: Any = None) -> Edit:
        """Compare opened, typed and present values of the (locked) record. `told_in`: the record in whose timeline
        its changes stand, when that is another. After a clash the form shows what merged by itself, and is compared
        with the present values when it comes back."""
        base, typed, present = self.opened_with, self.values(), self._present(record)
        opened = {name: base.get(name, present[name]) for name in typed}
        mine = {name: typed[name] for name in typed if typed[name] not in (opened[name], present[name])}
        theirs = [name for name in typed if present[name] not in (opened[name], typed[name])]
        clashing = [name for name in theirs if name in mine]
        others = [name for name in theirs if name not in mine]
        merged = [str(self[name].label.text) for name in others]
        if not clashing:
            return Edit(mine, merged=merged)
        authors = last_changes(told_in or record, clashing, part=record.id if told_in else None)
        clashes = [
            Clash(
                name=name,
                label=str(self[name].label.text),
                before=opened[name],
                theirs=present[name],
                yours=typed[name],
                by=authors.get(name, ("", None))[0],
                at=authors.get(name, ("", None))[1],
            )
            for name in clashing
        ]
        for name in others:
            self[name].data = present[name]
        self.open(record)
        return Edit(mine, clashes, merged)

    def _present(self, record: Any) -> dict[str, Any]:
        """The record's values as these fields read them."""
        present = {}
        for name in self.values():
            # A field of its own: this one holds what was typed.
            field = self.meta.bind_field(self, getattr(type(self), name), {"name": name})
            field.process(None, getattr(record, name))
            present[name] = field.data
        return present

    def _read_base(self, record: Any) -> Mapping[str, Any]:
        try:
            record_id, values = _signer().loads(self.base.data or "")
        except (BadData, ValueError):
            abort(400)
        if record_id != str(record.id):
            abort(400)
        base: dict[str, Any] = values
        return base


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="edit-base")


def last_changes(
    record: Any, names: Sequence[str], *, part: uuid.UUID | None = None
) -> dict[str, tuple[str, datetime]]:
    """Who changed each of these fields last, and when, from the record's latest events; with `part`, from those whose
    details name it."""
    rows = db.session.execute(
        select(Event, SubjectKey.sealed_key)
        .join(
            SubjectKey,
            (SubjectKey.subject_type == Event.subject_type) & (SubjectKey.subject_id == Event.subject_id),
        )
        .where(
            Event.subject_type == record.subject_type,
            Event.subject_id == record.id,
            Event.changed_fields.op("&&")(cast(list(names), ARRAY(Text))),
        )
        .order_by(Event.id.desc())
        .limit(50)
    ).all()
    found: dict[str, tuple[str, datetime]] = {}
    keys = [keyring().open(sealed, place=place_of_key(one.subject_type, one.subject_id)) for one, sealed in rows]
    opened = open_events((one.id, one.sealed, key) for (one, _sealed), key in zip(rows, keys, strict=True))
    for (event, _sealed), words in zip(rows, opened, strict=True):
        if words and (part is None or str(part) in words["details"].values()):
            for name in event.changed_fields:
                found.setdefault(name, (words["actor"], event.occurred_at))
    return found
