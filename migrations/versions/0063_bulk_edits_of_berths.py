"""Bulk edits of berths.

Revision ID: 0063
"""

from __future__ import annotations

from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

KINDS = (
    "'import', 'import_berths', 'import_waiting_list', 'bulk_edit', 'bulk_archive', 'bulk_interests',"
    " 'lose_interests', 'archive_interests'"
)
NEW = "'bulk_berths'"


def check(kinds: str) -> None:
    op.drop_constraint("ck_change_sets_kind", "change_sets")
    op.execute(f"ALTER TABLE change_sets ADD CONSTRAINT ck_change_sets_kind CHECK (kind IN ({kinds}))")


def upgrade() -> None:
    check(f"{KINDS}, {NEW}")


def downgrade() -> None:
    op.execute("DELETE FROM change_sets WHERE kind = 'bulk_berths'")
    check(KINDS)
