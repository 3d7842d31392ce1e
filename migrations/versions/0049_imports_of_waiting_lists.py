"""Waiting lists come in by a file, too.

Revision ID: 0049
"""

from __future__ import annotations

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

KINDS = ("clients", "berths")
ACTS = ("import", "import_berths", "bulk_edit", "bulk_archive")


def one_of(table: str, values: tuple[str, ...]) -> None:
    """Nothing that reads the whole table while somebody waits."""
    listed = ", ".join(f"'{value}'" for value in values)
    op.drop_constraint(f"ck_{table}_kind", table)
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_kind CHECK (kind IN ({listed})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_kind")


def upgrade() -> None:
    for table in ("imports", "import_mappings"):
        one_of(table, (*KINDS, "waiting_list"))
    one_of("change_sets", (*ACTS, "import_waiting_list"))


def downgrade() -> None:
    for table in ("imports", "import_mappings"):
        op.execute(f"DELETE FROM {table} WHERE kind = 'waiting_list'")  # noqa: S608  # constants
        one_of(table, KINDS)
    op.execute("DELETE FROM change_sets WHERE kind = 'import_waiting_list'")
    one_of("change_sets", ACTS)
