"""Kind: what a module brings so that the records of a list can be handed out in a file.

Its pages, the job and the files are the same for all of them. A kind is registered by `exports_of` in `views.py`, which
gives its blueprint the pages. `Table` is the kind of a list that hands out what it shows and nothing more.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from ..fields.models import FieldKind, RecordField
from ..formats import in_force, zone
from ..lists.records import Records
from ..tables.writing import has_commas
from .forms import ExportForm


@dataclass(frozen=True)
class Column:
    heading: Any
    cell: Callable[[Any], str]


Batches = Iterable[Sequence[Any]]


class Kind(ABC):
    """`permission` hands out. `place`: below which address its pages are, and `suffix` how their endpoints end where
    the blueprint has another kind. `nothing`: title and words where the list shows none; `icon` beside them."""

    name: ClassVar[str]
    blueprint: ClassVar[str]
    place: ClassVar[str]
    suffix: ClassVar[str] = ""
    permission: ClassVar[str]
    records: ClassVar[Records]
    form: ClassVar[type[ExportForm]] = ExportForm
    nothing: ClassVar[tuple[Any, Any]]
    icon: ClassVar[str] = "file"

    @abstractmethod
    def many(self, count: int) -> str:
        """So many of them, in words."""

    @property
    def called(self) -> str:
        """The list, in words."""
        return str(self.records.listing.label)

    def endpoint(self, name: str) -> str:
        return f"{self.blueprint}.{name}{self.suffix}"

    @abstractmethod
    def measured(self, shares: Iterable[Sequence[uuid.UUID]]) -> Any:
        """What has to be known of all of them before the first is written, where everything goes out."""

    @abstractmethod
    def columns(self, keys: Sequence[str], port_id: uuid.UUID, measures: Any) -> list[Column]:
        """Those of the list that are shown, or all where `measures` are given."""

    @abstractmethod
    def read(self, ids: Sequence[uuid.UUID], *, is_whole: bool) -> Sequence[Any]:
        """These records in this order, but for those that are gone: a few statements, whatever their number."""

    def rows(self, one: Any) -> Sequence[Any]:
        """What of one record stands in a row each."""
        return (one,)


class Cards(Kind):
    """Also handed out as cards, a format that has no columns."""

    @abstractmethod
    def written(self, batches: Batches, *, is_whole: bool) -> Iterator[bytes]: ...


class Table(Kind):
    """`always`: columns that cannot be hidden, `shown`: by the key of each other one; both as heading and cell."""

    @abstractmethod
    def always(self) -> Sequence[Column]: ...

    @abstractmethod
    def shown(self) -> Mapping[str, Sequence[Column]]: ...

    def measured(self, shares: Iterable[Sequence[uuid.UUID]]) -> Any:
        return None

    def columns(self, keys: Sequence[str], port_id: uuid.UUID, measures: Any) -> list[Column]:
        shown = self.shown()
        return [*self.always(), *(column for key in keys for column in shown.get(key, ()))]


def plain(name: str) -> Callable[[Any], str]:
    """The cell of what stands under that name; empty where nothing does."""

    def cell(row: Any) -> str:
        value = getattr(row, name)
        return "" if value is None else str(value)

    return cell


def number(name: str) -> Callable[[Any], str]:
    """The cell of a number, with the decimal sign that stands in files of the port."""
    return lambda row: number_there(getattr(row, name))


def as_read_again(field: RecordField) -> Callable[[str], str]:
    """How what is kept in a field of the port's own is written, so that an import reads the same."""
    if field.kind == FieldKind.CHOICE and field.read:
        labels = {option.key: option.label for option in field.options if field.read(option.label) == option.key}
        return lambda text: labels.get(text, text)
    if field.kind == FieldKind.NUMBER:
        # Of three decimals nobody can tell whether they are thousands.
        return lambda text: f"{text}0" if len(text.partition(".")[2]) == 3 else text
    return lambda text: text


def worded(name: str, words: Iterable[tuple[Any, Any]]) -> Callable[[Any], str]:
    """The cell of a value that has a word."""
    known = {str(value): str(label) for value, label in words}
    return lambda row: known.get(getattr(row, name) or "", "")


def day(name: str) -> Callable[[Any], str]:
    """The cell of the day of a moment."""
    return lambda row: day_there(getattr(row, name))


def moment(name: str) -> Callable[[Any], str]:
    return lambda row: moment_there(getattr(row, name))


def number_there(value: Decimal | None) -> str:
    """Nothing stands between thousands, so that any program reads it, ours among them."""
    if value is None:
        return ""
    return f"{value:f}".replace(".", "," if has_commas(in_force().locale) else ".")


def day_there(at: datetime) -> str:
    """In the time of the port, as any program reads it."""
    return at.astimezone(zone(in_force().timezone)).date().isoformat()


def moment_there(at: datetime) -> str:
    return f"{at.astimezone(zone(in_force().timezone)):%Y-%m-%d %H:%M}"


KINDS: dict[str, Kind] = {}
