"""Merge: two clients that became one, and how to take that apart again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
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
from ...fields.models import told
from ..merging.images import Images, Later, Row, differing, images_of, move, plan, rows_of, taken_out, write_back
from ..merging.links import LINKS
from ..merging.own_fields import CustomPair, choose, custom_pairs
from .client import Client, named_owners, together
from .duplicate import Duplicate

UNDONE_WITHIN = timedelta(days=30)
# Beside the fields in what was left: the name of the owner, whose id says nothing later.
LEFT_OWNER = "owner"

GIVEN_ANEW = text("""
    SELECT t.id FROM custom_field_values t
    WHERE t.id = ANY (CAST(:ids AS uuid[])) AND t.client_id <> :survivor AND EXISTS (
        SELECT FROM custom_field_values s WHERE s.client_id = :survivor AND s.definition_id = t.definition_id)
""")
DROP_VALUES = text("DELETE FROM custom_field_values WHERE id = ANY (CAST(:ids AS uuid[]))")


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
        before = rows_of(survivor, merged)
        differing = [name for name in Client.EDITABLE if survivor.shown(name) != merged.shown(name)]
        own = [pair for pair in custom_pairs(survivor, merged) if pair.mine != pair.theirs]
        changes = survivor.take({name: merged.shown(name) for name in taken if name in differing})
        if "marketing_consent" in changes:
            survivor.marketing_consent_at = merged.marketing_consent_at  # when they agreed, which is not now
        merged.archived_at, merged.merged_into_id = now(), survivor.id
        survivor.updated_at = now()
        db.session.flush()
        moved = {link.table: set(ids) for link in LINKS if (ids := move(link, survivor, merged))}
        moved.get("custom_field_values", set()).difference_update(choose(survivor, merged, own, taken))
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
        after = {table: images_of(table, rows) for table, rows in before.items()}
        written = {
            table: {
                row_id: {"before": row, "after": differing(row, after[table][row_id])} for row_id, row in rows.items()
            }
            for table, rows in before.items()
        }
        mine = {table: taken_out(written[table], column, str(survivor.id)) for table, column in _of_survivor().items()}
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
        return [*anew, *(edit for table, rows in snapshot.items() for edit in plan(table, rows)[1])]

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
                    writes, kept = plan(table, rows)
                    write_back(table, writes)
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


def _of_survivor() -> dict[str, str]:
    """Of which tables the merge writes into rows of the survivor, and the column that says so. Asked for, since each
    module says it of its own."""
    making_way = {link.table: link.column for link in LINKS if link.gives_way}
    return {"clients": "id", "custom_field_values": "client_id", **making_way}


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
    if "owner_id" in left:  # told by name, as it was then; empty for who has left
        of_theirs = named_owners({"owner_id": (None, left["owner_id"])}, by=by)["named"]["owner_id"]
        left = {**left, LEFT_OWNER: of_theirs[1] or ""}
    return {"changes": {**changes, **written}, **names, "left": left, "left_custom": left_custom}


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
