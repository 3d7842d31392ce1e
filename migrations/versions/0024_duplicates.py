"""Duplicates of clients, and merges.

Revision ID: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.policies import fence_port

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLES = ("client_merge_log", "duplicate_scans", "client_duplicates")


def _of_a_port() -> list[sa.Column | sa.Constraint]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    ]


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _client(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["port_id", column], ["clients.port_id", "clients.id"], ondelete="CASCADE")


def upgrade() -> None:
    point_from_merged_clients()
    op.create_table(
        "client_duplicates",
        *_of_a_port(),
        sa.Column("a_id", sa.Uuid(), nullable=False),
        sa.Column("b_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.SmallInteger(), nullable=False),
        sa.Column("reasons", pg.JSONB(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("decided_by_id", sa.Uuid()),
        _moment("decided_at", nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        _client("a_id"),
        _client("b_id"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.UniqueConstraint("port_id", "a_id", "b_id"),
        sa.CheckConstraint("a_id < b_id", name="order"),
        sa.CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        sa.CheckConstraint("state IN ('open', 'dismissed', 'merged')", name="state"),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
    )
    op.create_index("ix_client_duplicates_a", "client_duplicates", ["port_id", "a_id"])
    op.create_index("ix_client_duplicates_b", "client_duplicates", ["port_id", "b_id"])
    op.create_index("ix_client_duplicates_decided_by_id", "client_duplicates", ["decided_by_id"])
    op.create_index(
        "ix_client_duplicates_open",
        "client_duplicates",
        ["port_id", "score", "id"],
        postgresql_where="state = 'open'",
    )
    op.create_table(
        "duplicate_scans",
        *_of_a_port(),
        _moment("asked_at", nullable=True),
        _moment("finished_at", nullable=True),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.UniqueConstraint("port_id"),
    )
    op.create_table(
        "client_merge_log",
        *_of_a_port(),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("moved", pg.JSONB(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_survivor", sa.LargeBinary(), nullable=False),
        sa.Column("merged_by_id", sa.Uuid()),
        _moment("undone_at", nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        _client("survivor_id"),
        _client("merged_id"),
        sa.ForeignKeyConstraint(["merged_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint("survivor_id <> merged_id", name="two"),
    )
    op.create_index("ix_client_merge_log_survivor", "client_merge_log", ["port_id", "survivor_id", "id"])
    op.create_index("ix_client_merge_log_merged", "client_merge_log", ["port_id", "merged_id"])
    op.create_index("ix_client_merge_log_merged_by_id", "client_merge_log", ["merged_by_id"])
    op.create_index(
        "uq_client_merge_log_standing",
        "client_merge_log",
        ["merged_id"],
        unique=True,
        postgresql_where="undone_at IS NULL",
    )
    for table in TABLES:
        fence_port(table)


def point_from_merged_clients() -> None:
    """Nothing that reads all clients while somebody waits: constraints are valid for rows that have no pointer yet."""
    op.add_column("clients", sa.Column("merged_into_id", sa.Uuid()))
    key = "FOREIGN KEY (port_id, merged_into_id) REFERENCES clients (port_id, id) ON DELETE RESTRICT"
    for name, rule in (
        ("fk_clients_port_id_merged_into_id", key),
        ("ck_clients_merged_into_another", "CHECK (merged_into_id <> id)"),
        ("ck_clients_merged_is_archived", "CHECK (merged_into_id IS NULL OR archived_at IS NOT NULL)"),
    ):
        op.execute(f"ALTER TABLE clients ADD CONSTRAINT {name} {rule} NOT VALID")
        op.execute(f"ALTER TABLE clients VALIDATE CONSTRAINT {name}")
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_clients_merged_into_id", "clients", ["port_id", "merged_into_id"], postgresql_concurrently=True
        )
        valid = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_clients_merged_into_id'::regclass")
        assert op.get_bind().scalar(valid)  # noqa: S101


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for name in (
        "ck_clients_merged_is_archived",
        "ck_clients_merged_into_another",
        "fk_clients_port_id_merged_into_id",
    ):
        op.execute(f"ALTER TABLE clients DROP CONSTRAINT {name}")
    op.drop_index("ix_clients_merged_into_id", "clients")
    op.drop_column("clients", "merged_into_id")
