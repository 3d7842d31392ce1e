"""Custom fields and tags of berths.

Revision ID: 0046
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

VALUES = "custom_field_values"
CHOSEN = "ix_custom_field_values_chosen"
ONCE = "uq_custom_field_values_berth_id_definition_id"
OF_THREE = (
    "num_nonnulls(client_id, vessel_id, berth_id) = 1 AND resource = CASE WHEN client_id IS NOT NULL THEN 'client'"
    " WHEN vessel_id IS NOT NULL THEN 'vessel' ELSE 'berth' END"
)
OF_TWO = (
    "num_nonnulls(client_id, vessel_id) = 1 AND resource = CASE WHEN client_id IS NULL THEN 'vessel' ELSE 'client' END"
)


def upgrade() -> None:
    op.create_table(
        "berth_tags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("berth_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("berth_id", "tag_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["port_id", "berth_id"], ["berths.port_id", "berths.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["port_id", "tag_id"], ["tags.port_id", "tags.id"], ondelete="RESTRICT"),
    )
    op.create_index("ix_berth_tags_port_id_berth_id", "berth_tags", ["port_id", "berth_id"])
    op.create_index("ix_berth_tags_port_id_tag_id", "berth_tags", ["port_id", "tag_id", "berth_id"])
    fence_port("berth_tags")
    op.add_column(VALUES, sa.Column("berth_id", sa.Uuid()))
    key = "FOREIGN KEY (port_id, berth_id) REFERENCES berths (port_id, id) ON DELETE CASCADE"
    op.execute(f"ALTER TABLE {VALUES} ADD CONSTRAINT fk_{VALUES}_port_id_berth_id_berths {key} NOT VALID")
    op.execute(f"ALTER TABLE {VALUES} VALIDATE CONSTRAINT fk_{VALUES}_port_id_berth_id_berths")
    rule(OF_THREE)
    with op.get_context().autocommit_block():
        op.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {ONCE} ON {VALUES} (berth_id, definition_id)")
        op.execute(f"CREATE INDEX CONCURRENTLY ix_{VALUES}_port_id_berth_id ON {VALUES} (port_id, berth_id)")
        choose("client_id, vessel_id, berth_id")
    op.execute(f"ALTER TABLE {VALUES} ADD CONSTRAINT {ONCE} UNIQUE USING INDEX {ONCE}")


def rule(text: str) -> None:
    """One record for each value, of the kind that it says."""
    op.execute(f"ALTER TABLE {VALUES} DROP CONSTRAINT ck_{VALUES}_of")
    op.execute(f"ALTER TABLE {VALUES} ADD CONSTRAINT ck_{VALUES}_of CHECK ({text}) NOT VALID")
    op.execute(f"ALTER TABLE {VALUES} VALIDATE CONSTRAINT ck_{VALUES}_of")


def choose(columns: str) -> None:
    """The index by which lists are narrowed, made before the one it takes the place of goes."""
    op.execute(
        f"CREATE INDEX CONCURRENTLY {CHOSEN}_new ON {VALUES} (port_id, definition_id, text_value, {columns})"
        " WHERE kind IN ('choice', 'yes_no')"
    )
    op.execute(f"DROP INDEX CONCURRENTLY {CHOSEN}")
    op.execute(f"ALTER INDEX {CHOSEN}_new RENAME TO {CHOSEN}")


def downgrade() -> None:
    op.execute(f"DELETE FROM {VALUES} WHERE berth_id IS NOT NULL")  # noqa: S608  # a constant
    rule(OF_TWO)
    with op.get_context().autocommit_block():
        choose("client_id, vessel_id")
    op.drop_column(VALUES, "berth_id")
    op.drop_table("berth_tags")
