"""Kind: what a module brings so that its records can be imported.

The wizard, its pages, jobs and files are the same for all of them; whatever has to know what a row is about asks its
kind. A kind is registered by `imports_of` in `views.py`, which gives its blueprint the pages.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from sqlalchemy import select

from ..changes.models import ChangeSet
from ..current import CurrentPort
from ..db import db
from ..events.models import Actor
from ..identity.models import current_port_of
from ..tables.reading import Table
from .columns import Columns
from .reading import ReadRow, in_a_cell
from .rows import Rows
from .verdicts import Judgement

if TYPE_CHECKING:
    from .models import Import, ImportRow

Differences = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Words:
    """What the pages of one kind say. `about`, `empty`: at the list of imports, and there while it is empty; `help`:
    which files are read; `undo`: with %(day)s, until when it can be taken back; `add`: a row that looks like a record
    all the same; `twin`: with %(row)s, of a row that adds to what came of that one."""

    records: Any
    title: Any
    about: Any
    empty: Any
    file: Any
    help: Any
    running: Any
    finished: Any
    changes: Any
    undo: Any
    show_all: Any
    show_one: Any
    add: Any = ""
    twin: Any = ""


@dataclass(frozen=True)
class Named:
    """A record that is here, as the pages of an import name it."""

    name: str
    number: int


def named(model: Any, name: Any, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Named]:
    """Records by the column that names them; one statement."""
    if not ids:
        return {}
    found = db.session.execute(select(model.id, name.label("name"), model.number).where(model.id.in_(ids)))
    return {row.id: Named(row.name, row.number) for row in found}


class Check(ABC):
    """The look at one file, from its headings to its last row."""

    def __init__(self, found: Import, port: CurrentPort) -> None:
        self.rows, self.may_update = KINDS[found.kind].rows(found, port), found.may_update

    @property
    def columns(self) -> Columns:
        return self.rows.columns

    def begin(self, table: Table, targets: Sequence[str]) -> None:
        """The columns are settled; the rows follow."""
        self.rows.begin(table, targets)

    def read(self, cells: Sequence[str]) -> ReadRow:
        """One row by the fields its columns fill."""
        return self.rows.read(cells)

    @abstractmethod
    def judge(self, rows: Mapping[int, Mapping[str, Any]]) -> Mapping[int, Judgement]:
        """The verdicts on some rows that can be read, by their numbers, in the order of the file; what they say is
        remembered for those below."""


class Batch(ABC):
    """Some rows on their way in: each is looked at once more, since the check may be hours old. `written`: what becomes
    of the rows that come in; `turned`: the others, with the reason; `created`: how many records are new."""

    def __init__(self, found: Import, by: Actor) -> None:
        self.found, self.by = found, by
        self.written: list[dict[str, Any]] = []
        self.turned: list[tuple[Any, str]] = []

    @property
    @abstractmethod
    def created(self) -> int: ...

    @abstractmethod
    def take(self, row: Any) -> None:
        """Let it in, turn it away, or leave it to the next batch."""

    @abstractmethod
    def write(self, changes: ChangeSet) -> None:
        """What was taken, by a few statements, in the current transaction."""

    def keep(self, row: Any, record_id: uuid.UUID, outcome: str) -> None:
        """The row comes in; `record_id`: what came of it."""
        self.written.append({"id": row.id, KINDS[self.found.kind].record: record_id, "outcome": outcome})

    def turn_away(self, row: Any, why: str) -> None:
        self.turned.append((row, why))


class Kind(ABC):
    """`rows` and `check` are its own `Rows` and `Check`, made of an import and its port; `batch` its own `Batch`, of an
    import, some of its rows, and who brings them. `permission` opens the wizard, `edits` lets its rows change what
    is here. `act` is the kind of its change sets, `record` the column of a row that says what came of it, `rooms` whose
    lists show what came in. `adds_duplicates`: somebody may say that a row which looks like a record is another one.
    `newest`: how its list is asked for what came last; `page`: where what came of a row is shown by its number."""

    rows: ClassVar[Callable[..., Rows]]
    check: ClassVar[Callable[..., Check]]
    batch: ClassVar[Callable[..., Batch]]
    name: ClassVar[str]
    blueprint: ClassVar[str]
    permission: ClassVar[str]
    edits: ClassVar[str]
    act: ClassVar[str]
    record: ClassVar[str]
    rooms: ClassVar[Sequence[str]]
    words: ClassVar[Words]
    adds_duplicates: ClassVar[bool] = True
    newest: ClassVar[Mapping[str, str]] = {}
    page: ClassVar[str] = ".show"

    # --- Its jobs

    @abstractmethod
    def columns_of(self, found: Import) -> Columns:
        """What the columns of this file can be: nothing that whoever brought it may not write."""

    # --- Its rows, as pages show them

    @abstractmethod
    def called(self, fields: Mapping[str, Any]) -> str:
        """The name of what a row is about."""

    @abstractmethod
    def details(self, fields: Mapping[str, Any]) -> Sequence[str]:
        """What tells it from others of that name, the first first."""

    @abstractmethod
    def added(self, row: ImportRow) -> str:
        """What comes of a new row, in words; what it changes besides is told after it."""

    @abstractmethod
    def named(self, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Named]:
        """Records that are here; one statement."""

    @abstractmethod
    def told(self, found: Sequence[Differences], columns: Columns) -> list[list[tuple[str, str, str]]]:
        """Of each of some rows what it changes: field, old and new as people read them."""

    @abstractmethod
    def compared(self, row: ImportRow, columns: Columns) -> tuple[list[tuple[str, str, str]], Differences] | None:
        """The row beside the record it is like: field, in the file, here; and what it would change. None where the
        record is gone."""

    # --- Deciding on a row

    def typed_names(self, columns: Columns) -> Sequence[str]:
        """The fields that can be typed in a row's form, in their order."""
        return [field.key for field in columns.fields]

    @property
    @abstractmethod
    def always_shown(self) -> Sequence[str]:
        """Those that are shown though the row lacks them; beside the first stands what is of no field."""

    def as_typed(self, fields: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
        """What stands in a row as somebody would type it."""
        return {name: self.as_text(name, fields[name]) for name in names if fields.get(name) not in (None, "")}

    def as_text(self, name: str, value: Any) -> str:
        return as_text(value)

    def read_typed(self, found: Import, row: ImportRow, typed: Mapping[str, str]) -> ReadRow:
        """The row anew, of what was typed."""
        rows = self.rows(found, current_port_of(found.port_id))
        rows.targets = [target for _heading, target in found.columns]
        return rows.judged(dict(typed))

    @abstractmethod
    def differences(self, row: ImportRow) -> Differences:
        """What the row would change of the record that it is like by now; nothing where that is gone."""

    @abstractmethod
    def judge_again(self, found: Import, row: ImportRow) -> Judgement:
        """The verdict on one row by itself and those above it."""


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return in_a_cell(value) if isinstance(value, list) else str(value)


KINDS: dict[str, Kind] = {}
