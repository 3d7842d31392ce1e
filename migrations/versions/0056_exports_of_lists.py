"""Exports of other lists than that of clients.

Revision ID: 0056
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


JOBS = ("app.clients.exports.exporting", "app.exports.exporting")


def rename_jobs(before: str, after: str) -> None:
    """Those that wait, for the worker that comes after the migration."""
    name = sa.column("name", sa.String())
    waiting = name.startswith(f"{before}.", autoescape=True)
    op.execute(sa.update(sa.table("jobs", name)).where(waiting).values(name=sa.func.replace(name, before, after)))


def upgrade() -> None:
    rename_jobs(*JOBS)
    op.add_column("exports", sa.Column("resource", sa.String(40), nullable=False, server_default="clients"))
    op.alter_column("exports", "resource", server_default=None)
    op.alter_column("exports", "client_ids", new_column_name="record_ids")


def downgrade() -> None:
    rename_jobs(*reversed(JOBS))
    op.execute("DELETE FROM exports WHERE resource <> 'clients'")
    op.alter_column("exports", "record_ids", new_column_name="client_ids")
    op.drop_column("exports", "resource")
