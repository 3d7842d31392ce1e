"""Bulk edits of other lists than that of clients.

Revision ID: 0061
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

JOBS = ("app.clients.bulk.editing", "app.bulk_edits.editing")
KINDS = "'import', 'import_berths', 'import_waiting_list', 'bulk_edit', 'bulk_archive'"
NEW = "'bulk_interests', 'lose_interests', 'archive_interests'"


def check(table: str, name: str, rule: str) -> None:
    """Nothing that reads the whole table while somebody waits."""
    op.drop_constraint(f"ck_{table}_{name}", table)
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({rule}) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def rename_jobs(before: str, after: str) -> None:
    """Those that wait, for the worker that comes after the migration."""
    name = sa.column("name", sa.String())
    waiting = name.startswith(f"{before}.", autoescape=True)
    op.execute(sa.update(sa.table("jobs", name)).where(waiting).values(name=sa.func.replace(name, before, after)))


def upgrade() -> None:
    rename_jobs(*JOBS)
    op.add_column("bulk_edits", sa.Column("resource", sa.String(40), nullable=False, server_default="clients"))
    op.alter_column("bulk_edits", "resource", server_default=None)
    op.alter_column("bulk_edits", "client_ids", new_column_name="record_ids")
    check("change_sets", "kind", f"kind IN ({KINDS}, {NEW})")


def downgrade() -> None:
    rename_jobs(*reversed(JOBS))
    op.execute(f"DELETE FROM change_sets WHERE kind IN ({NEW})")  # noqa: S608  # constants
    check("change_sets", "kind", f"kind IN ({KINDS})")
    op.alter_column("bulk_edits", "record_ids", new_column_name="client_ids")
    op.drop_column("bulk_edits", "resource")
