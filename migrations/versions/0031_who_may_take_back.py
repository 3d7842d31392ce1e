"""Who archived many at once brings them back; the file of an export may be taken away before its time.

Revision ID: 0031
"""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def check(table: str, name: str, rule: str) -> None:
    """Nothing that reads the whole table while somebody waits."""
    op.drop_constraint(f"ck_{table}_{name}", table)
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({rule}) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def upgrade() -> None:
    # Merges never were change sets: they keep images of their own.
    check("change_sets", "kind", "kind IN ('import', 'bulk_edit', 'bulk_archive')")
    op.execute(
        "UPDATE change_sets s SET kind = 'bulk_archive' FROM bulk_edits b"
        " WHERE b.port_id = s.port_id AND b.change_set_id = s.id AND b.act = 'archive'"
    )
    check("exports", "stored", "status = 'finished' OR storage_key = ''")


def downgrade() -> None:
    op.execute("DELETE FROM exports WHERE status = 'finished' AND storage_key = ''")
    check("exports", "stored", "(status = 'finished') = (storage_key <> '')")
    op.execute("UPDATE change_sets SET kind = 'bulk_edit' WHERE kind = 'bulk_archive'")
    check("change_sets", "kind", "kind IN ('import', 'bulk_edit', 'merge')")
