"""Imports are not of clients alone: each says what its rows are about.

Revision ID: 0040
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

INDEX = "ix_import_rows_port_id_berth_id"
REFERENCE = "fk_import_rows_port_id_berth_id"
REMEMBERED = "uq_import_mappings_port_id"
JOBS = ("app.clients.imports.jobs", "app.imports.jobs")


def check(table: str, name: str, rule: str, *, is_new: bool = False) -> None:
    """Nothing that reads the whole table while somebody waits."""
    if not is_new:
        op.drop_constraint(f"ck_{table}_{name}", table)
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({rule}) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")


def rename_jobs(before: str, after: str) -> None:
    """Those that wait, for the worker that comes after the migration."""
    name = sa.column("name", sa.String())
    jobs = sa.table("jobs", name)
    waiting = name.startswith(f"{before}.", autoescape=True)
    op.execute(sa.update(jobs).where(waiting).values(name=sa.func.replace(name, before, after)))


def upgrade() -> None:
    for table in ("imports", "import_mappings"):
        op.add_column(table, sa.Column("kind", sa.String(20), nullable=False, server_default="clients"))
        op.alter_column(table, "kind", server_default=None)
        check(table, "kind", "kind IN ('clients', 'berths')", is_new=True)
    op.drop_constraint(f"{REMEMBERED}_fingerprint", "import_mappings")
    op.create_unique_constraint(f"{REMEMBERED}_kind_fingerprint", "import_mappings", ["port_id", "kind", "fingerprint"])
    check("change_sets", "kind", "kind IN ('import', 'import_berths', 'bulk_edit', 'bulk_archive')")
    rename_jobs(*JOBS)
    op.add_column("import_rows", sa.Column("berth_id", sa.Uuid()))
    op.execute(
        f"ALTER TABLE import_rows ADD CONSTRAINT {REFERENCE} FOREIGN KEY (port_id, berth_id)"
        " REFERENCES berths (port_id, id) ON DELETE CASCADE NOT VALID"
    )
    op.execute(f"ALTER TABLE import_rows VALIDATE CONSTRAINT {REFERENCE}")
    with op.get_context().autocommit_block():
        op.create_index(INDEX, "import_rows", ["port_id", "berth_id"], postgresql_concurrently=True)
        valid = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)").bindparams(name=INDEX)
        assert op.get_bind().scalar(valid)  # noqa: S101  # an index that was left half made must stop the migration


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "import_rows", postgresql_concurrently=True)
    op.execute("DELETE FROM imports WHERE kind <> 'clients'")
    op.drop_column("import_rows", "berth_id")
    op.execute("DELETE FROM change_sets WHERE kind = 'import_berths'")
    check("change_sets", "kind", "kind IN ('import', 'bulk_edit', 'bulk_archive')")
    op.execute("DELETE FROM import_mappings WHERE kind <> 'clients'")
    op.drop_constraint(f"{REMEMBERED}_kind_fingerprint", "import_mappings")
    op.create_unique_constraint(f"{REMEMBERED}_fingerprint", "import_mappings", ["port_id", "fingerprint"])
    for table in ("imports", "import_mappings"):
        op.drop_column(table, "kind")
    rename_jobs(*reversed(JOBS))
