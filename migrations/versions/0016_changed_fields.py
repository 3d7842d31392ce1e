"""Who asks which events changed a field is answered from an index: under row-level security none on the field itself
could be used.

Revision ID: 0016
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NAME = "ix_events_port_id_name_id"


def upgrade() -> None:
    replace_index(["port_id", "name", "id"], include=["changed_fields"])


def downgrade() -> None:
    replace_index(["port_id", "name", "id"])


def replace_index(columns: list[str], include: list[str] | None = None) -> None:
    """The table may be long: the new one is there before the old one goes."""
    with op.get_context().autocommit_block():
        op.drop_index("ix_events_next", "events", if_exists=True, postgresql_concurrently=True)
        op.create_index("ix_events_next", "events", columns, postgresql_include=include, postgresql_concurrently=True)
        op.drop_index(NAME, "events", postgresql_concurrently=True)
        op.execute(f"ALTER INDEX ix_events_next RENAME TO {NAME}")
