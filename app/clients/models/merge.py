"""Merge: two clients that became one, and how to take that apart again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from flask_babel import gettext as _
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Select,
    UniqueConstraint,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, aliased, mapped_column
from uuid_utils.compat import uuid7

from ...crypto import Unreadable, open_sealed, seal
from ...db import Base, PortScoped, Timestamped, db, now
from ...errors import Refused
from ...events.models import Actor, Of, SubjectKey, keyring, place_of_key, subject_key, user_id_of
from ...fields.models import FieldDefinition, FieldValue, told
from ..merging.links import LINKS, Link
from .client import Client, named_owners, together
from .duplicate import Duplicate

UNDONE_WITHIN = timedelta(days=30)
# What tells of a change and is none.
BOOKKEEPING = frozenset({"updated_at", "version", "sort_name"})

Row = dict[str, Any]
Images = dict[str, dict[str, Row]]  # table → id → row


# Of which tables the merge writes into rows of the survivor, and the column that says so.
OF_SURVIVOR = {"clients": "id", "custom_field_values": "client_id"}


@dataclass(frozen=True)
class Later:
    """Something that was changed after the merge, and stays so. `column` is None for a row that is gone; `row` is how
    it was before the merge."""

    table: str
    id: str
    column: str | None
    value: Any = None
    row: Mapping[str, Any] = field(default_factory=dict)


class Merge(Timestamped, PortScoped, Base):
    """`merged` went into `survivor`. Verbs: make, undo.

    `moved`: the ids of the rows that went over, by table. `sealed` and `sealed_survivor` hold what the rows of either
    client were before and what the merge wrote into them, each under that client's own key.
    """

    __tablename__ = "client_merge_log"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        ForeignKeyConstraint(["port_id", "survivor_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["port_id", "merged_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        CheckConstraint("survivor_id <> merged_id", name="two"),
        Index("ix_client_merge_log_survivor", "port_id", "survivor_id", "id"),
        Index("ix_client_merge_log_merged", "port_id", "merged_id"),
        Index("uq_client_merge_log_standing", "merged_id", unique=True, postgresql_where="undone_at IS NULL"),
    )

    survivor_id: Mapped[uuid.UUID]
    merged_id: Mapped[uuid.UUID]
    moved: Mapped[dict[str, list[str]]] = mapped_column(JSONB)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_survivor: Mapped[bytes] = mapped_column(LargeBinary)
    merged_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    undone_at: Mapped[datetime | None]

    @property
    def ends_at(self) -> datetime:
        """Until when it can be undone."""
        return self.created_at + UNDONE_WITHIN

    @property
    def count(self) -> int:
        return sum(map(len, self.moved.values()))

    @classmethod
    def into(cls, survivor: Client) -> Select[Self]:
        """Everything that was merged into the client, the latest first."""
        found = select(cls).where(cls.port_id == survivor.port_id, cls.survivor_id == survivor.id)
        return found.order_by(cls.id.desc())

    # --- Making one of two

    @classmethod
    def make(cls, survivor: Client, merged: Client, taken: Collection[str], *, by: Actor) -> Self:
        """Both are locked. `taken`: the fields whose value is the merged client's. Raises Refused."""
        check_both(survivor, merged)
        before = _rows(survivor, merged)
        differing = [name for name in Client.EDITABLE if survivor.shown(name) != merged.shown(name)]
        own = [pair for pair in custom_pairs(survivor, merged) if pair.mine != pair.theirs]
        changes = survivor.take({name: merged.shown(name) for name in taken if name in differing})
        if "marketing_consent" in changes:
            survivor.marketing_consent_at = merged.marketing_consent_at  # when they agreed, which is not now
        merged.archived_at, merged.merged_into_id = now(), survivor.id
        survivor.updated_at = now()
        db.session.flush()
        moved = {link.table: set(ids) for link in LINKS if (ids := _move(link, survivor, merged))}
        moved.get("custom_field_values", set()).difference_update(_choose(survivor, merged, own, taken))
        Duplicate.note_merged(survivor.id, merged.id, port_id=survivor.port_id, by=by)
        left = {name: merged.shown(name) for name in differing if merged.shown(name) and name not in changes}
        kept = _words(changes, left, own, taken, by=by)
        return cls._keep(survivor, merged, before, moved, kept, by=by)

    @classmethod
    def _keep(
        cls,
        survivor: Client,
        merged: Client,
        before: Images,
        moved: Mapping[str, Collection[str]],
        words: Mapping[str, Any],
        *,
        by: Actor,
    ) -> Self:
        """`words`: what the event of the survivor says."""
        after = {table: _images(table, rows) for table, rows in before.items()}
        written = {
            table: {
                row_id: {"before": row, "after": _written(row, after[table][row_id])} for row_id, row in rows.items()
            }
            for table, rows in before.items()
        }
        mine = {table: _taken_out(written[table], column, str(survivor.id)) for table, column in OF_SURVIVOR.items()}
        left = {name: words[name] for name in ("left", "left_custom")}
        merge_id = uuid7()
        made = cls(
            id=merge_id,
            port_id=survivor.port_id,
            survivor_id=survivor.id,
            merged_id=merged.id,
            moved={table: sorted(ids) for table, ids in moved.items() if ids},
            sealed=_seal(merged, merge_id, {"rows": written, **left}),
            sealed_survivor=_seal(survivor, merge_id, {"rows": mine}),
            merged_by_id=user_id_of(by),
        )
        db.session.add(made)
        ids: dict[str, Any] = {"surviving_id": str(survivor.id), "merged_id": str(merged.id), "moved": made.count}
        name = _of(merged, merged.full_name)
        kept: dict[str, Any] = {"into": None, "name": name, "number": merged.number, **_theirs(merged, words)}
        theirs: dict[str, Any] = {"into": survivor.number, "name": _of(survivor, survivor.full_name), "left": {}}
        for client, details in ((survivor, kept), (merged, theirs)):
            client.record("merged", by=by, **ids, **details)
        return made

    # --- Taking it apart

    def why_not(self, survivor: Client, merged: Client) -> str | None:
        """Why it cannot be undone now; None when it can. Both are locked, or the answer is a forecast."""
        if self.undone_at is not None:
            return _("This merge has been undone already.")
        if now() >= self.ends_at:
            return _("A merge can be undone for 30 days; that time is over.")
        if survivor.merged_into_id is not None:
            return _(
                "%(name)s was itself merged into another client since. Undo that merge first.", name=survivor.full_name
            )
        later = select(Merge.merged_id).where(
            Merge.port_id == self.port_id,
            Merge.survivor_id == self.survivor_id,
            Merge.undone_at.is_(None),
            Merge.id > self.id,
        )
        name = db.session.scalar(select(Client.full_name).where(Client.id.in_(later)).limit(1))
        if name is not None:
            return _("%(name)s was merged into the same client later. Undo that merge first.", name=name)
        return None

    def opened(self) -> tuple[Row, Row]:
        """The snapshots of the merged client and of the survivor. Raises Unreadable when either was erased."""
        return _open(self.merged_id, self.id, self.sealed), _open(self.survivor_id, self.id, self.sealed_survivor)

    def later_edits(self) -> list[Later]:
        """What undoing would leave as it is, because somebody changed it since. Raises Unreadable."""
        snapshot = self._snapshot()
        anew = self._given_anew(snapshot)
        return [*anew, *(edit for table, rows in snapshot.items() for edit in _plan(table, rows)[1])]

    def undo(self, survivor: Client, merged: Client, *, by: Actor) -> list[Later]:
        """Both are locked. Every row goes back as it was, but for what was changed since: that is answered. Raises
        Refused."""
        if reason := self.why_not(survivor, merged):
            raise Refused(reason)
        try:
            snapshot = self._snapshot()
        except Unreadable as error:
            raise Refused(_("What these clients were before has been erased.")) from error
        later = self._given_anew(snapshot)
        try:
            with db.session.begin_nested():
                db.session.execute(DROP_VALUES, {"ids": [edit.id for edit in later]})
                for table, rows in snapshot.items():
                    writes, kept = _plan(table, rows)
                    _write_back(table, writes)
                    later += kept
        except IntegrityError as error:
            raise Refused(
                _("Something was entered since that does not fit beside what would come back. Nothing was changed.")
            ) from error
        self.undone_at = now()
        db.session.flush()
        for client in (survivor, merged):
            db.session.expire(client)
        ids: dict[str, Any] = {"surviving_id": str(survivor.id), "merged_id": str(merged.id), "kept": len(later)}
        for client, other in ((survivor, merged), (merged, survivor)):
            client.record("unmerged", by=by, name=_of(other, other.full_name), number=other.number, **ids)
        return later

    def _given_anew(self, snapshot: dict[str, dict[str, Row]]) -> list[Later]:
        """Custom fields that the survivor was left without and got anew since: what stands there stays, and what lay
        with the merged client for it is taken out of the snapshot."""
        values, table = snapshot.get("custom_field_values", {}), "custom_field_values"
        own = [row_id for row_id, kept in values.items() if kept["before"]["client_id"] == str(self.survivor_id)]
        found = db.session.scalars(GIVEN_ANEW, {"ids": own, "survivor": self.survivor_id}) if own else ()
        return [Later(table, str(row_id), "text_value", None, values.pop(str(row_id))["before"]) for row_id in found]

    def _snapshot(self) -> dict[str, dict[str, Row]]:
        theirs, mine = self.opened()
        rows: dict[str, dict[str, Row]] = theirs["rows"]
        for table, own in mine["rows"].items():
            rows.setdefault(table, {}).update(own)
        return rows


def lock_two(one: Select[Client], other: Select[Client]) -> list[Client]:
    """The two clients, locked in the order of their ids so that two merges never wait for each other."""
    ids = [
        *db.session.scalars(one.with_only_columns(Client.id)),
        *db.session.scalars(other.with_only_columns(Client.id)),
    ]
    locked = select(Client).where(Client.id.in_(ids)).order_by(Client.id).with_for_update()
    found = {client.id: client for client in db.session.scalars(locked.execution_options(populate_existing=True))}
    return [found[client_id] for client_id in ids]


def check_both(survivor: Client, merged: Client) -> None:
    """Both are locked. Raises Refused where they cannot be merged."""
    if survivor.id == merged.id:
        raise Refused(_("A client cannot be merged with itself."))
    for client in (survivor, merged):
        if client.merged_into_id is not None:
            raise Refused(_("%(name)s was merged into another client meanwhile.", name=client.full_name))
        if client.is_erased:
            raise Refused(_("%(name)s cannot be merged: nothing is kept of who that was.", name=client.full_name))
        if client.archived_at is not None:
            raise Refused(_("%(name)s is archived. Restore the client first.", name=client.full_name))


# --- Fields that the port made up


@dataclass(frozen=True)
class CustomPair:
    """What the two have in one of them, as text; empty where one has nothing."""

    definition: FieldDefinition
    mine: str
    theirs: str

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def label(self) -> str:
        return self.definition.label

    def is_left(self, taken: Collection[str]) -> bool:
        return bool(self.theirs) and self.name not in taken


def custom_pairs(survivor: Client, merged: Client) -> list[CustomPair]:
    """The fields in use in which either has something, in their order; one statement."""
    found = select(FieldValue).where(
        FieldValue.port_id == survivor.port_id, FieldValue.client_id.in_([survivor.id, merged.id])
    )
    values: dict[uuid.UUID, dict[uuid.UUID | None, str]] = {}
    definitions = {}
    for value in db.session.scalars(found):
        if value.definition.archived_at is None:
            definitions[value.definition_id] = value.definition
            values.setdefault(value.definition_id, {})[value.client_id] = value.text
    ordered = sorted(definitions.values(), key=lambda one: (one.position, one.id))
    return [CustomPair(one, values[one.id].get(survivor.id, ""), values[one.id].get(merged.id, "")) for one in ordered]


# What the survivor shall not have stays with, or goes to, the merged client: nothing is deleted.
GIVE = text("""
    UPDATE custom_field_values SET client_id = :merged
    WHERE client_id = :survivor AND definition_id = ANY (:ids) RETURNING id
""")
OVERWRITE = text("""
    UPDATE custom_field_values s
    SET text_value = t.text_value, number_value = t.number_value, date_value = t.date_value, updated_at = :now
    FROM custom_field_values t
    WHERE s.client_id = :survivor AND t.client_id = :merged AND t.definition_id = s.definition_id
      AND s.definition_id = ANY (:ids)
""")


GIVEN_ANEW = text("""
    SELECT t.id FROM custom_field_values t
    WHERE t.id = ANY (CAST(:ids AS uuid[])) AND t.client_id <> :survivor AND EXISTS (
        SELECT FROM custom_field_values s WHERE s.client_id = :survivor AND s.definition_id = t.definition_id)
""")
DROP_VALUES = text("DELETE FROM custom_field_values WHERE id = ANY (CAST(:ids AS uuid[]))")


def _words(
    changes: Mapping[str, Any],
    left: Mapping[str, Any],
    pairs: Sequence[CustomPair],
    taken: Collection[str],
    *,
    by: Actor,
) -> dict[str, Any]:
    """What the event of the survivor says: what was taken from the merged client, and what was not."""
    written = {pair.name: (pair.mine, pair.theirs) for pair in pairs if pair.name in taken}
    names = together(named_owners(changes, by=by), told(written, {pair.name: pair.definition for pair in pairs}))
    left_custom = {pair.label: pair.definition.shown(pair.theirs) for pair in pairs if pair.is_left(taken)}
    return {"changes": {**changes, **written}, **names, "left": left, "left_custom": left_custom}


def _choose(survivor: Client, merged: Client, pairs: Iterable[CustomPair], taken: Collection[str]) -> list[str]:
    """After the rows have moved: the chosen values. The ids of those that the survivor shall not have."""
    empty, other = [], []
    for pair in pairs:
        if not (pair.theirs if pair.name in taken else pair.mine):
            empty.append(pair.definition.id)
        elif pair.mine and pair.name in taken:
            other.append(pair.definition.id)
    both = {"survivor": survivor.id, "merged": merged.id}
    if other:
        db.session.execute(OVERWRITE, {**both, "ids": other, "now": now()})
    given = db.session.scalars(GIVE, {**both, "ids": empty}) if empty else ()
    return [str(row_id) for row_id in given]


# --- Rows as they stand in the database


def _as_rows(statement: str, values: Mapping[str, Any]) -> dict[str, Row]:
    """Numbers with a point stay as they are written: a float would round them."""
    found = db.session.execute(text(statement), values)
    return {str(row.id): json.loads(row.image, parse_float=str) for row in found}


def _rows(survivor: Client, merged: Client) -> Images:
    """Everything of the merged client, and the two clients themselves, locked."""
    db.session.flush()
    both = [survivor.id, merged.id]
    images: Images = {"clients": _images("clients", map(str, both)), "client_duplicates": _pair(both)}
    images["custom_field_values"] = _as_rows(CUSTOM, {"survivor": survivor.id})
    for link in LINKS:
        statement = (
            f"SELECT t.id, to_jsonb(t)::text AS image FROM {link.table} t"  # noqa: S608  # names of our own tables
            f" WHERE t.{link.column} = :merged AND {link.where} ORDER BY t.id FOR UPDATE"
        )
        images.setdefault(link.table, {}).update(_as_rows(statement, {"merged": merged.id}))
    return images


CUSTOM = """
    SELECT t.id, to_jsonb(t)::text AS image FROM custom_field_values t WHERE t.client_id = :survivor
    ORDER BY t.id FOR UPDATE
"""


def _pair(both: Iterable[uuid.UUID]) -> dict[str, Row]:
    a_id, b_id = sorted(both)
    statement = (
        "SELECT id, to_jsonb(t)::text AS image FROM client_duplicates t WHERE a_id = :a AND b_id = :b FOR UPDATE"
    )
    return _as_rows(statement, {"a": a_id, "b": b_id})


def _images(table: str, ids: Iterable[str]) -> dict[str, Row]:
    statement = f"SELECT t.id, to_jsonb(t)::text AS image FROM {table} t WHERE t.id = ANY (CAST(:ids AS uuid[]))"  # noqa: S608  # names of our own tables
    return _as_rows(statement, {"ids": list(ids)})


def _written(before: Row, after: Row) -> Row:
    return {name: value for name, value in after.items() if before[name] != value}


def _move(link: Link, survivor: Client, merged: Client) -> list[str]:
    """Those that went over. What was written is not counted as a change of theirs: stamps and versions stay."""
    values = {"survivor": survivor.id, "merged": merged.id, "now": now()}
    mine = f"t.{link.column} = :merged AND {link.where}"
    if link.leftover:
        db.session.execute(text(f"UPDATE {link.table} t SET {link.leftover} WHERE {mine} AND ({link.clash})"), values)  # noqa: S608  # names of our own tables
    also = f", {link.also}" if link.also else ""
    statement = (
        f"UPDATE {link.table} t SET {link.column} = :survivor{also}"  # noqa: S608  # names of our own tables
        f" WHERE {mine} AND NOT ({link.clash}) RETURNING t.id"
    )
    return sorted(str(row_id) for row_id in db.session.scalars(text(statement), values))


def _taken_out(rows: dict[str, Row], column: str, client_id: str) -> dict[str, Row]:
    """The rows that were this client's, no longer among the others."""
    own = [row_id for row_id, kept in rows.items() if kept["before"][column] == client_id]
    return {row_id: rows.pop(row_id) for row_id in own}


def _plan(table: str, rows: Mapping[str, Row]) -> tuple[list[Row], list[Later]]:
    """What to write into each row so that it is as before, and what somebody changed since."""
    touched = {row_id: kept for row_id, kept in rows.items() if kept["after"]}
    present = _images(table, touched)
    ours = {name for link in LINKS if link.table == table for name in link.ours}
    writes, later = [], []
    for row_id, kept in touched.items():
        row, before, after = present.get(row_id), kept["before"], kept["after"]
        if row is None:
            later.append(Later(table, row_id, None, None, before))
            continue
        changed = [name for name in after if row.get(name) != after[name] and name not in ours]
        writes.append({name: before[name] for name in after if name not in changed} | {"id": row_id})
        since = [name for name in before if row.get(name) != after.get(name, before[name])]
        names = [name for name in since if name not in BOOKKEEPING and name not in ours]
        later += [Later(table, row_id, name, row.get(name), before) for name in names]
    return writes, later


def _write_back(table: str, writes: Iterable[Row]) -> None:
    """One statement for all rows in which the same columns go back."""
    together: dict[tuple[str, ...], list[Row]] = {}
    generated = {column.name for column in Base.metadata.tables[table].columns if column.computed is not None}
    for row in writes:
        names = tuple(sorted(set(row) - generated - {"id"}))
        if names:
            together.setdefault(names, []).append(row)
    for names, rows in together.items():
        assigned = ", ".join(f"{name} = r.{name}" for name in names)
        statement = (
            f"UPDATE {table} t SET {assigned}"  # noqa: S608  # names of our own tables
            f" FROM jsonb_populate_recordset(NULL::{table}, CAST(:rows AS jsonb)) r WHERE t.id = r.id"
        )
        db.session.execute(text(statement), {"rows": json.dumps(rows)})


# --- Under the key of each


def _of(client: Client, words: Any) -> Of:
    """What is told of one of the two in the events of the other."""
    return Of(Client.subject_type, client.id, words)


def _theirs(merged: Client, words: Mapping[str, Any]) -> dict[str, Any]:
    """What the event of the survivor says, with the values that were the merged client's as theirs."""
    new = {
        part: {name: (old, _of(merged, value)) for name, (old, value) in words.get(part, {}).items()}
        for part in ("changes", "named")
    }
    return {**words, **new, **{part: _of(merged, words[part]) for part in ("left", "left_custom")}}


def _seal(client: Client, merge_id: uuid.UUID, words: Row) -> bytes:
    key = subject_key(Client.subject_type, client.id, port_id=client.port_id)
    return seal(key, json.dumps(words, default=str).encode(), place=f"client_merge_log:{merge_id}")


def _open(client_id: uuid.UUID, merge_id: uuid.UUID, sealed: bytes) -> Row:
    kept = db.session.get(SubjectKey, (Client.subject_type, client_id))
    if kept is None:
        raise Unreadable("erased")
    key = keyring().open(kept.sealed_key, place=place_of_key(Client.subject_type, client_id))
    words: Row = json.loads(open_sealed(key, sealed, place=f"client_merge_log:{merge_id}"))
    return words


def merges_of(survivor: Client) -> list[tuple[Merge, Client]]:
    """What was merged into the client, with whom; the latest first."""
    merged = aliased(Client)
    statement = Merge.into(survivor).join(merged, merged.id == Merge.merged_id).add_columns(merged)
    return [(row[0], row[1]) for row in db.session.execute(statement.limit(50))]
