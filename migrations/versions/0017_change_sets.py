"""Imports that update and are taken back: change sets with before-images, decided rows, remembered columns.

Revision ID: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.policies import fence_port

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

COUNTS = ("update_count", "out_count", "updated_count", "began_with")
STATUSES = ("checking", "preview", "running", "stopping", "stopped", "finished", "failed")


def _key() -> list[sa.Column]:
    return [sa.Column("id", sa.Uuid(), nullable=False), sa.Column("port_id", sa.Uuid(), nullable=False)]


def _port_scoped() -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    ]


def _stamps() -> list[sa.Column]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("created_at", "updated_at")]


def one_of(table: str, column: str, values: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.drop_constraint(f"ck_{table}_{column}", table)
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({listed})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{column}")


def upgrade() -> None:
    make_change_sets()
    op.create_table(
        "import_mappings",
        *_key(),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("targets", pg.JSONB(), nullable=False),
        *_stamps(),
        *_port_scoped(),
        sa.UniqueConstraint("port_id", "fingerprint"),
    )
    fence_port("import_mappings")
    for name in COUNTS:
        op.add_column("imports", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
        op.alter_column("imports", name, server_default=None)
    op.add_column("imports", sa.Column("may_update", sa.Boolean(), nullable=False, server_default="false"))
    op.alter_column("imports", "may_update", server_default=None)
    op.add_column("imports", sa.Column("began_at", sa.DateTime(timezone=True)))
    one_of("imports", "status", (*STATUSES, "mapping"))
    for name, kind, empty in (
        ("problem", sa.String(40), ""),
        ("differences", pg.JSONB(), "[]"),
        ("is_decided", sa.Boolean(), "false"),
        ("outcome", sa.String(20), ""),
    ):
        op.add_column("import_rows", sa.Column(name, kind, nullable=False, server_default=empty))
        op.alter_column("import_rows", name, server_default=None)
    op.add_column("import_rows", sa.Column("twin", sa.Integer()))
    op.execute("UPDATE import_rows SET outcome = 'created' WHERE client_id IS NOT NULL AND verdict = 'new'")
    op.create_check_constraint("outcome", "import_rows", "outcome IN ('', 'created', 'updated')")
    one_of("import_rows", "verdict", ("new", "update", "duplicate", "wrong", "out"))
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_import_rows_waiting",
            "import_rows",
            ["port_id", "import_id", "row_number"],
            postgresql_where="outcome = '' AND verdict IN ('new', 'update')",
            postgresql_concurrently=True,
        )


def make_change_sets() -> None:
    op.create_table(
        "change_sets",
        *_key(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("about_id", sa.Uuid()),
        sa.Column("status", sa.String(20), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("total", "put_back", "kept")),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.Column("created_by_id", sa.Uuid()),
        *_stamps(),
        *_port_scoped(),
        sa.UniqueConstraint("port_id", "number"),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint("status IN ('open', 'applied', 'rolling_back', 'rolled_back')", name="status"),
        sa.CheckConstraint("kind IN ('import', 'bulk_edit', 'merge')", name="kind"),
        sa.CheckConstraint("put_back >= 0 AND kept >= 0 AND put_back + kept <= total", name="counts"),
    )
    op.create_index("ix_change_sets_created_by_id", "change_sets", ["created_by_id"])
    op.create_index("ix_change_sets_port_id_about_id", "change_sets", ["port_id", "about_id"])
    op.create_table(
        "change_items",
        *_key(),
        sa.Column("change_set_id", sa.Uuid(), nullable=False),
        sa.Column("subject_type", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(20), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("last_event_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *_port_scoped(),
        sa.ForeignKeyConstraint(
            ["port_id", "change_set_id"], ["change_sets.port_id", "change_sets.id"], ondelete="CASCADE"
        ),
        sa.CheckConstraint("act IN ('created', 'updated', 'archived')", name="act"),
        sa.CheckConstraint("outcome IN ('', 'put_back', 'kept')", name="outcome"),
    )
    op.create_index("ix_change_items_change_set", "change_items", ["port_id", "change_set_id", "outcome", "id"])
    op.create_index("ix_change_items_subject", "change_items", ["port_id", "subject_type", "subject_id"])
    for table in ("change_sets", "change_items"):
        fence_port(table)


def downgrade() -> None:
    op.drop_index("ix_import_rows_waiting", "import_rows")
    op.execute("UPDATE import_rows SET verdict = 'duplicate' WHERE verdict IN ('update', 'out')")
    one_of("import_rows", "verdict", ("new", "duplicate", "wrong"))
    op.drop_constraint("ck_import_rows_outcome", "import_rows")
    for name in ("problem", "differences", "is_decided", "outcome", "twin"):
        op.drop_column("import_rows", name)
    op.execute("UPDATE imports SET status = 'failed' WHERE status = 'mapping'")
    one_of("imports", "status", STATUSES)
    for name in (*COUNTS, "may_update", "began_at"):
        op.drop_column("imports", name)
    for table in ("import_mappings", "change_items", "change_sets"):
        op.drop_table(table)
