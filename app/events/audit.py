"""The audit log: which events a member asked for, and each of them in words."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import abort, request
from flask_babel import gettext as _
from sqlalchemy import ARRAY, ColumnElement, Select, Text, cast, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from ..current import Member
from ..db import db
from ..identity.models import User
from .models import Event, SubjectKey, open_events
from .registry import EVENTS
from .reverts import WAYS
from .subjects import Shown, label_of, label_of_family, plain, shown_of
from .timeline import FIELDS, PERSONAL, TELLERS, FieldWords, Told, open_key

SIZE = 50
SYSTEM = "system"
HIDDEN = "•••"


# --- What is asked for -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filter:
    """One filter of the toolbar. `groups` are (label, options), `options` (value, label); `kind` is choice or date."""

    name: str
    label: Any
    value: str = ""
    options: Sequence[tuple[str, Any]] = ()
    groups: Sequence[tuple[str, Sequence[tuple[str, Any]]]] = ()
    kind: str = "choice"


@dataclass(frozen=True)
class Asked:
    """What the query string narrows the log to; what cannot be read narrows nothing."""

    actor: str = ""
    what: str = ""
    subject: tuple[str, uuid.UUID] | None = None
    since: date | None = None
    until: date | None = None
    field: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Asked:
        what = given.get("what", "")
        return cls(
            actor=_actor(given.get("actor", "")),
            what=what if what in EVENTS or what in families_of_events() else "",
            subject=_subject(given.get("subject", "")),
            since=_day(given.get("from", "")),
            until=_day(given.get("to", "")),
            field=given.get("field", "") if given.get("field") in known_fields() else "",
        )

    def written(self) -> dict[str, str]:
        """As a query string has it."""
        asked = {
            "actor": self.actor,
            "what": self.what,
            "subject": f"{self.subject[0]}:{self.subject[1]}" if self.subject else "",
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
            "field": self.field,
        }
        return {name: value for name, value in asked.items() if value}

    def names(self) -> list[str]:
        """The events that `what` stands for, of these the ones that may change `field`; none stands for all."""
        named = [name for name in EVENTS if name == self.what or name.startswith(f"{self.what}:")]
        if not self.field:
            return named
        changing = [name for name in EVENTS if self.field in FIELDS.get(name, ())]
        if not self.what:
            return changing
        return [name for name in changing if name in named] or named

    def named(self) -> list[ColumnElement[bool]]:
        return [Event.name.in_(names)] if (names := self.names()) else []

    def conditions(self, member: Member) -> list[ColumnElement[bool]]:
        """All but that of `what`, which the parts have."""
        found: list[ColumnElement[bool]] = []
        if self.actor == SYSTEM:
            found.append(Event.actor_kind == SYSTEM)
        elif self.actor:
            found.append(Event.actor_id == uuid.UUID(self.actor))
        if self.subject:
            found += [Event.subject_type == self.subject[0], Event.subject_id == self.subject[1]]
        if self.field:
            found.append(Event.changed_fields.op("@>")(cast([self.field], ARRAY(Text))))
        zone = ZoneInfo(member.here().timezone)
        if self.since:
            found += _from(datetime.combine(self.since, time.min, zone))
        if self.until:
            found += _before(datetime.combine(self.until + timedelta(days=1), time.min, zone))
        return found


def _actor(text: str) -> str:
    return SYSTEM if text == SYSTEM else str(found) if (found := _id(text)) else ""


def _id(text: str) -> uuid.UUID | None:
    return uuid.UUID(text) if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) else None


def _subject(text: str) -> tuple[str, uuid.UUID] | None:
    kind, _colon, record_id = text.partition(":")
    found = _id(record_id)
    return (kind, found) if found and re.fullmatch(r"[A-Za-z_]{1,40}", kind) else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 < day.year < 9999 else None


# Ids sort by age, so that a range of days is a range of the index; they are made a moment before the event's own time.
SLACK = timedelta(minutes=1)


def _from(moment: datetime) -> list[ColumnElement[bool]]:
    return [Event.occurred_at >= moment, Event.id >= first_id(moment - SLACK)]


def _before(moment: datetime) -> list[ColumnElement[bool]]:
    return [Event.occurred_at < moment, Event.id < first_id(moment + SLACK)]


def first_id(moment: datetime) -> uuid.UUID:
    """No UUIDv7 made from this moment on is smaller."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def families_of_events() -> list[str]:
    return list(dict.fromkeys(name.partition(":")[0] for name in EVENTS))


def known_fields() -> dict[str, str]:
    """The fields whose changes are recorded, by what they are called."""
    return {name: str(words.label) for fields in FIELDS.values() for name, words in fields.items()}


def filters_of(asked: Asked, people: Mapping[uuid.UUID, str], subject: Shown | None) -> list[Filter]:
    """What the toolbar offers, with what is chosen."""
    who = [(SYSTEM, _("the system")), *((str(user_id), name) for user_id, name in people.items())]
    if asked.actor and asked.actor not in dict(who):
        who.append((asked.actor, _("somebody else")))
    what = [
        (label_of_family(family), [(family, _("everything")), *names])
        for family in sorted(families_of_events(), key=label_of_family)
        for names in [[(name, words_of(name)) for name in EVENTS if name.startswith(f"{family}:")]]
    ]
    fields = sorted(known_fields().items(), key=lambda pair: pair[1])
    filters = [
        Filter("actor", _("Who"), asked.actor, options=who),
        Filter("what", _("What"), asked.what, groups=what),
        Filter("field", _("Field"), asked.field, options=fields),
        Filter("from", _("From"), asked.since.isoformat() if asked.since else "", kind="date"),
        Filter("to", _("To"), asked.until.isoformat() if asked.until else "", kind="date"),
    ]
    if asked.subject:
        label = subject.name if subject else _("this %(kind)s", kind=label_of(asked.subject[0]).lower())
        value = asked.written()["subject"]
        filters.append(Filter("subject", _("Only %(name)s", name=label), value, options=[(value, label)]))
    return filters


class Blank(Told):
    """Details of an event that has not happened."""

    def __missing__(self, name: str) -> str:
        return "…"

    def get(self, name: str, default: Any = None) -> str:
        return "…"


def words_of(name: str) -> str:
    """What is told of such an event, whatever its details."""
    if name not in TELLERS:
        return plain(name.partition(":")[2])
    try:
        return TELLERS[name][2](Blank())
    except (TypeError, ValueError):  # words that count something
        return plain(name.partition(":")[2])


# --- What is there -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One event as the log tells it. `changes`: (label, old, new) as shown."""

    id: uuid.UUID
    name: str
    icon: str
    tone: str
    who: str
    actor: str
    text: str
    kind: str
    subject: Shown | None
    topic: str
    at: datetime
    is_erased: bool
    may_revert: bool
    ip: str
    user_agent: str
    request_id: str
    changes: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def browser(self) -> str:
        return browser_of(self.user_agent)


@dataclass(frozen=True)
class LogPage:
    lines: list[Line]
    newer_url: str | None
    older_url: str | None
    is_first: bool


COLUMNS = (
    Event.id,
    Event.name,
    Event.subject_type,
    Event.subject_id,
    Event.actor_kind,
    Event.actor_id,
    Event.sealed,
    Event.request_id,
    Event.occurred_at,
    SubjectKey.sealed_key,
)


def rows_of(
    asked: Asked,
    member: Member,
    limit: int,
    *,
    before: uuid.UUID | None = None,
    after: uuid.UUID | None = None,
    upto: uuid.UUID | None = None,
) -> Sequence[Any]:
    """The newest of what is asked for, newest first: before an id, or next after one. What is of the port and what is
    of no port are each read in the order of their own index."""
    conditions = asked.conditions(member)
    if before is not None:
        conditions.append(Event.id < before)
    if after is not None:
        conditions.append(Event.id > after)
    if upto is not None:
        conditions.append(Event.id <= upto)
    upwards = after is not None
    parts = []
    for part in parts_of(asked, member):
        order = [column if upwards else column.desc() for column in (*part.order, Event.id)]
        one = select(Event.id).where(*part.conditions, *conditions).order_by(*order).limit(limit).subquery()
        parts.append(select(one.c.id))
    found = union_all(*parts).subquery()
    newest = select(found.c.id).order_by(found.c.id if upwards else found.c.id.desc()).limit(limit).subquery()
    key = (SubjectKey.subject_type == Event.subject_type) & (SubjectKey.subject_id == Event.subject_id)
    joined = select(*COLUMNS).join_from(newest, Event, Event.id == newest.c.id).outerjoin(SubjectKey, key)
    return db.session.execute(joined.order_by(Event.id.desc())).all()


@dataclass(frozen=True)
class Part:
    """Some of the events, and what stands before the id in the index that has them in order. Naming a column there that
    is the same in all of them keeps Postgres from reading the whole port for what is rare."""

    conditions: list[ColumnElement[bool]]
    order: tuple[InstrumentedAttribute[Any], ...]


def places(member: Member) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The port's events, and those of no port; policies say which of these the member sees."""
    return Event.port_id == member.here().id, Event.port_id.is_(None)


def parts_of(asked: Asked, member: Member) -> Iterator[Part]:
    """The parts that each come from an index in the order of their ids."""
    for place in places(member):
        if asked.subject:
            yield Part([place, *asked.named()], (Event.subject_type, Event.subject_id))
        elif asked.actor == SYSTEM:
            yield Part([place, Event.actor_id.is_(None), *asked.named()], (Event.actor_id,))
        elif asked.actor:
            yield Part([place, *asked.named()], (Event.actor_id,))
        elif names := asked.names():
            yield from (Part([place, Event.name == name], (Event.port_id, Event.name)) for name in names)
        else:
            yield Part([place], (Event.port_id,))


def visible_to(member: Member, event_id: uuid.UUID) -> Select[Event]:
    here, nowhere = places(member)
    return select(Event).where(Event.id == event_id, here | nowhere)


def count_of(asked: Asked, member: Member) -> tuple[int, uuid.UUID | None]:
    """How many events are asked for, and the newest of them."""
    total, newest = 0, None
    for part in parts_of(asked, member):
        conditions = [*part.conditions, *asked.conditions(member)]
        statement = select(func.count(), func.max(cast(Event.id, Text))).where(*conditions)
        count, last = db.session.execute(statement).one()
        total += count
        newest = max(filter(None, (newest, last)), default=None)
    return total, uuid.UUID(newest) if newest else None


def page_of(asked: Asked, member: Member, people: Mapping[uuid.UUID, str]) -> LogPage:
    """The page the query string asks for; one past either end is the first."""
    before, after = (_edge(name) for name in ("before", "after"))
    rows = list(rows_of(asked, member, SIZE + 1, before=before, after=None if before else after))
    if not rows and (before or after):
        before = after = None
        rows = list(rows_of(asked, member, SIZE + 1))
    more = len(rows) > SIZE
    upwards = after is not None and before is None
    rows = rows[-SIZE:] if upwards else rows[:SIZE]
    has_newer = more if upwards else before is not None
    has_older = more if not upwards else True
    return LogPage(
        lines=lines_of(rows, member, people),
        newer_url=address(asked, after=rows[0].id) if rows and has_newer else None,
        older_url=address(asked, before=rows[-1].id) if rows and has_older else None,
        is_first=not has_newer,
    )


def _edge(name: str) -> uuid.UUID | None:
    if not (text := request.args.get(name)):
        return None
    return _id(text) or abort(400)


def address(asked: Asked, **place: Any) -> str:
    query = urlencode({**asked.written(), **place})
    return f"{request.path}?{query}" if query else request.path


def people_of() -> dict[uuid.UUID, str]:
    """Whom the member shares the port with."""
    rows = db.session.execute(select(User.id, User.name).order_by(User.name, User.id))
    return {row.id: row.name for row in rows}


def shown_subject(asked: Asked, log: LogPage, member: Member) -> Shown | None:
    """The record the log is narrowed to."""
    if asked.subject is None:
        return None
    if log.lines:
        return log.lines[0].subject
    return shown_of(member, {asked.subject}).get(asked.subject)


def one_line(event_id: uuid.UUID, member: Member) -> Line | None:
    key = (SubjectKey.subject_type == Event.subject_type) & (SubjectKey.subject_id == Event.subject_id)
    found = visible_to(member, event_id).with_only_columns(*COLUMNS).outerjoin(SubjectKey, key)
    rows = db.session.execute(found).all()
    return next(iter(lines_of(rows, member, people_of())), None)


def lines_of(rows: Sequence[Any], member: Member, people: Mapping[uuid.UUID, str]) -> list[Line]:
    """The rows in words: one statement a kind of record, none a row."""
    shown = shown_of(member, {(row.subject_type, row.subject_id) for row in rows})
    return [
        line_of(row, words, member, people, shown.get((row.subject_type, row.subject_id)))
        for row, words in zip(rows, opened(rows), strict=True)
    ]


def line_of(
    row: Any, words: Mapping[str, Any] | None, member: Member, people: Mapping[uuid.UUID, str], subject: Shown | None
) -> Line:
    icon, tone, teller = TELLERS.get(row.name, ("pencil", "", lambda details: plain(row.name.partition(":")[2])))
    is_open = subject is not None and subject.is_open
    way = WAYS.get(row.name)
    if words is None:
        who = _("The system") if row.actor_kind == SYSTEM else people.get(row.actor_id, _("Somebody"))
        text = _("did something that was erased since")
    else:
        who, text = words["actor"], teller(words["details"] if is_open else masked_details(row.name, words["details"]))
    return Line(
        id=row.id,
        name=row.name,
        icon=icon,
        tone=tone,
        who=who,
        actor=SYSTEM if row.actor_kind == SYSTEM else str(row.actor_id or ""),
        text=text,
        kind=label_of(row.subject_type),
        subject=subject,
        topic=f"{row.subject_type}:{row.subject_id}",
        at=row.occurred_at,
        is_erased=words is None,
        may_revert=words is not None and is_open and way is not None and member.can(way.permission),
        ip=(words or {}).get("ip") or "",
        user_agent=(words or {}).get("user_agent") or "",
        request_id=row.request_id or "",
        changes=changes_of(row.name, words, is_open=is_open) if words else [],
    )


def opened(rows: Sequence[Any]) -> list[dict[str, Any] | None]:
    """The words of each event; None where they were erased."""
    return open_events((row.id, row.sealed, open_key(row.sealed_key, row.subject_type, row.subject_id)) for row in rows)


# --- What not everybody sees -------------------------------------------------------------------------------


def changes_of(name: str, words: Mapping[str, Any], *, is_open: bool) -> list[tuple[str, str, str]]:
    """What changed, in words; ids with the names they stood for (`named`), personal values masked unless the member
    may open the record."""
    fields, named = FIELDS.get(name, {}), words["details"].get("named", {})
    labels = words["details"].get("labels", {})
    changes = []
    for changed, values in words["changes"].items():
        # Nobody said what it is, or a port made it up.
        found = fields.get(changed) or FieldWords(labels.get(changed, plain(changed)), personal=True)
        old, new = (found.words(value) for value in named.get(changed, values))
        if found.personal and not is_open:
            old, new = masked(old), masked(new)
        changes.append((str(found.label), old, new))
    return changes


def masked_details(name: str, details: Mapping[str, Any]) -> dict[str, Any]:
    personal = PERSONAL.get(name, frozenset())
    return {part: hidden(value) if part in personal else value for part, value in details.items()}


def hidden(value: Any) -> Any:
    """Each text in it masked; what is told of by name keeps its names."""
    if isinstance(value, Mapping):
        return {name: hidden(one) for name, one in value.items()}
    return [hidden(one) for one in value] if isinstance(value, list) else masked("" if value is None else str(value))


def masked(text: str) -> str:
    """Enough to tell two apart, not enough to use: `l•••@example.com`, `•••00`, `•••`."""
    if not text:
        return ""
    name, at, host = text.rpartition("@")
    if at and " " not in text:
        return f"{name[:1]}{HIDDEN}@{host}"
    digits = sum(character.isdigit() for character in text)
    return f"{HIDDEN}{text[-2:]}" if digits >= 7 and text[0] in "+0123456789(" else HIDDEN


BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@lru_cache(maxsize=1000)
def browser_of(user_agent: str) -> str:
    """`Firefox, Linux` of what a browser says of itself; what is no browser by its own first word."""
    browser = next((name for sign, name in BROWSERS if f"{sign}/" in user_agent), "")
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    return ", ".join(filter(None, (browser, system))) or user_agent.partition(" ")[0][:40]
