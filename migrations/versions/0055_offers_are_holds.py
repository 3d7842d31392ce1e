"""An offer of a waiting list is a hold with an end; what came of it; nothing in its history is dated back.

Revision ID: 0055
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import APP

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

ENTRIES, EVENTS = "waiting_entries", "waiting_events"
KINDS = "'entered', 'placed', 'offered', 'accepted', 'declined', 'expired', 'withdrawn', 'skipped'"
# Who was offered a berth that is not held any more waits again.
LEFT = (
    "UPDATE waiting_entries e SET status = 'waiting', hold_id = NULL, offered_berth_id = NULL, offer_expires_at = NULL"
    " WHERE e.status = 'offered' AND NOT EXISTS (SELECT FROM berth_occupancies o WHERE o.port_id = e.port_id"
    " AND o.id = e.hold_id AND o.kind = 'hold' AND o.state NOT IN ('completed', 'cancelled', 'no_show'))"
)
UNTIL = (
    "UPDATE berth_occupancies o SET hold_expires_at = e.offer_expires_at FROM waiting_entries e"
    " WHERE e.port_id = o.port_id AND e.hold_id = o.id AND e.status = 'offered'"
)
# Nobody knows them any more, so those that wait would fail: the recurring jobs of the one side and of the other.
BEFORE = ("app.waiting_list.jobs.expire_offers", "app.interests.jobs.release_holds")
AFTER = ("app.berths.jobs.release_holds", "app.berths.jobs.release_hold", "app.waiting_list.jobs.take_offer_back")


def forget_jobs(names: tuple[str, ...]) -> None:
    op.execute(sa.delete(jobs := sa.table("jobs", sa.column("name", sa.String()))).where(jobs.c.name.in_(names)))


def upgrade() -> None:
    forget_jobs(BEFORE)
    op.execute(LEFT)
    op.execute(UNTIL)
    for name in ("offer", "offered"):
        op.drop_constraint(op.f(f"ck_waiting_entries_{name}"), ENTRIES, type_="check")
    op.drop_constraint(op.f("fk_waiting_entries_port_id_hold_id"), ENTRIES, type_="foreignkey")
    for column in ("offered_berth_id", "offer_expires_at"):
        op.drop_column(ENTRIES, column)
    op.alter_column(ENTRIES, "hold_id", new_column_name="occupancy_id")
    op.execute("ALTER INDEX ix_waiting_entries_hold RENAME TO uq_waiting_entries_occupancy")
    op.add_column(ENTRIES, sa.Column("interest_id", sa.Uuid()))
    op.create_index("ix_waiting_entries_interest", ENTRIES, ["port_id", "interest_id"])
    _refer("occupancy_id", "berth_occupancies", "RESTRICT")
    _refer("interest_id", "interests", "SET NULL (interest_id)")
    op.execute(f"GRANT UPDATE (interest_id) ON {ENTRIES} TO {APP}")
    op.create_check_constraint("offered", ENTRIES, "status <> 'offered' OR occupancy_id IS NOT NULL")
    op.create_check_constraint(
        "got", ENTRIES, "status IN ('offered', 'accepted') OR num_nonnulls(occupancy_id, interest_id) = 0"
    )
    _keep_dates()


def _refer(column: str, table: str, ondelete: str) -> None:
    op.create_foreign_key(
        op.f(f"fk_waiting_entries_port_id_{column}"),
        ENTRIES,
        table,
        ["port_id", column],
        ["port_id", "id"],
        ondelete=ondelete,
    )


def _keep_dates() -> None:
    op.execute("UPDATE waiting_events SET placed_at = at WHERE kind <> 'entered' AND placed_at IS NOT NULL")
    op.create_unique_constraint("uq_waiting_entries_asked", ENTRIES, ["port_id", "id", "requested_at"])
    asked = "CASE WHEN kind = 'entered' THEN placed_at END"
    op.add_column(EVENTS, sa.Column("asked_at", sa.DateTime(timezone=True), sa.Computed(asked, persisted=True)))
    op.create_foreign_key(
        "fk_waiting_events_asked",
        EVENTS,
        ENTRIES,
        ["port_id", "entry_id", "asked_at"],
        ["port_id", "id", "requested_at"],
        ondelete="CASCADE",
    )
    op.create_index("uq_waiting_events_asked", EVENTS, ["port_id", "entry_id", "asked_at"], unique=True)
    op.create_check_constraint("placed_at", EVENTS, "kind = 'entered' OR placed_at = at")
    op.create_check_constraint("asked", EVENTS, "kind <> 'entered' OR placed_at IS NOT NULL")
    _say_kinds(f"{KINDS}, 'taken_back'")


def _say_kinds(kinds: str) -> None:
    op.drop_constraint(op.f("ck_waiting_events_kind"), EVENTS, type_="check")
    op.create_check_constraint("kind", EVENTS, f"kind IN ({kinds})")


def downgrade() -> None:
    forget_jobs(AFTER)
    op.execute("DELETE FROM waiting_events WHERE kind = 'taken_back'")
    _say_kinds(KINDS)
    for name in ("asked", "placed_at"):
        op.drop_constraint(op.f(f"ck_waiting_events_{name}"), EVENTS, type_="check")
    op.drop_index("uq_waiting_events_asked", EVENTS)
    op.drop_constraint("fk_waiting_events_asked", EVENTS, type_="foreignkey")
    op.drop_column(EVENTS, "asked_at")
    op.drop_constraint("uq_waiting_entries_asked", ENTRIES, type_="unique")
    for name in ("got", "offered"):
        op.drop_constraint(op.f(f"ck_waiting_entries_{name}"), ENTRIES, type_="check")
    for column in ("interest_id", "occupancy_id"):
        op.drop_constraint(op.f(f"fk_waiting_entries_port_id_{column}"), ENTRIES, type_="foreignkey")
    op.drop_column(ENTRIES, "interest_id")
    op.execute("UPDATE waiting_entries SET occupancy_id = NULL WHERE status <> 'offered'")
    op.alter_column(ENTRIES, "occupancy_id", new_column_name="hold_id")
    op.execute("ALTER INDEX uq_waiting_entries_occupancy RENAME TO ix_waiting_entries_hold")
    _bring_back()


def _bring_back() -> None:
    op.add_column(ENTRIES, sa.Column("offered_berth_id", sa.Uuid()))
    op.add_column(ENTRIES, sa.Column("offer_expires_at", sa.DateTime(timezone=True)))
    op.execute(
        "UPDATE waiting_entries e SET offered_berth_id = o.berth_id,"
        " offer_expires_at = coalesce(o.hold_expires_at, e.updated_at) FROM berth_occupancies o"
        " WHERE o.port_id = e.port_id AND o.id = e.hold_id AND e.status = 'offered'"
    )
    op.execute(f"GRANT UPDATE (offered_berth_id, offer_expires_at) ON {ENTRIES} TO {APP}")
    op.create_foreign_key(
        op.f("fk_waiting_entries_port_id_offered_berth_id"),
        ENTRIES,
        "berths",
        ["port_id", "offered_berth_id"],
        ["port_id", "id"],
        ondelete="SET NULL (offered_berth_id)",
    )
    op.create_foreign_key(
        op.f("fk_waiting_entries_port_id_hold_id"),
        ENTRIES,
        "berth_occupancies",
        ["port_id", "hold_id"],
        ["port_id", "id"],
        ondelete="SET NULL (hold_id)",
    )
    op.create_index("ix_waiting_entries_berth", ENTRIES, ["port_id", "offered_berth_id"])
    op.create_index(
        "ix_waiting_entries_expiring",
        ENTRIES,
        ["port_id", "offer_expires_at"],
        postgresql_where="status = 'offered'",
    )
    op.create_check_constraint("offer", ENTRIES, "status = 'offered' OR num_nonnulls(hold_id, offer_expires_at) = 0")
    op.create_check_constraint("offered", ENTRIES, "status <> 'offered' OR offer_expires_at IS NOT NULL")
