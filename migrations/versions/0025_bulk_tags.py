"""Tags are put on and taken off many clients at once; a bulk edit that is stopped, and why one ended early.

Revision ID: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

ACTS = ("edit", "archive")
DONE = ("created", "updated", "archived")
STATUSES = ("open", "applied", "rolling_back", "rolled_back")
ENDINGS = ("", "stopped", "tag_archived", "failed")


def one_of(table: str, column: str, values: tuple[str, ...], *, is_new: bool = False) -> None:
    """Nothing that reads the whole table while somebody waits."""
    listed = ", ".join(f"'{value}'" for value in values)
    if not is_new:
        op.drop_constraint(f"ck_{table}_{column}", table)
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({listed})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{column}")


def upgrade() -> None:
    op.add_column("bulk_edits", sa.Column("tag_id", sa.Uuid()))
    op.create_foreign_key(
        "fk_bulk_edits_port_id_tag_id",
        "bulk_edits",
        "tags",
        ["port_id", "tag_id"],
        ["port_id", "id"],
        ondelete="RESTRICT",
    )
    op.create_index("ix_bulk_edits_tag", "bulk_edits", ["port_id", "tag_id"])
    one_of("bulk_edits", "act", (*ACTS, "tag", "untag"))
    op.create_check_constraint("tag", "bulk_edits", "(act IN ('tag', 'untag')) = (tag_id IS NOT NULL)")
    one_of("change_items", "act", (*DONE, "tagged", "untagged"))
    one_of("change_sets", "status", (*STATUSES, "stopping"))
    op.add_column("change_sets", sa.Column("ending", sa.String(20), nullable=False, server_default=""))
    op.alter_column("change_sets", "ending", server_default=None)
    one_of("change_sets", "ending", ENDINGS, is_new=True)


def downgrade() -> None:
    op.drop_column("change_sets", "ending")
    op.execute("UPDATE change_sets SET status = 'open' WHERE status = 'stopping'")
    one_of("change_sets", "status", STATUSES)
    op.execute(
        "DELETE FROM change_sets s USING bulk_edits b WHERE b.change_set_id = s.id AND b.act IN ('tag', 'untag')"
    )
    one_of("change_items", "act", DONE)
    op.drop_constraint("ck_bulk_edits_tag", "bulk_edits")
    one_of("bulk_edits", "act", ACTS)
    op.drop_column("bulk_edits", "tag_id")
