"""Tags of clients; notes that are changed, and colleagues named in them.

Revision ID: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client_notes", sa.Column("edited_at", sa.DateTime(timezone=True)))
    op.create_table(
        "client_tags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("client_id", "tag_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["port_id", "client_id"], ["clients.port_id", "clients.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["port_id", "tag_id"], ["tags.port_id", "tags.id"], ondelete="RESTRICT"),
    )
    op.create_index("ix_client_tags_port_id_client_id", "client_tags", ["port_id", "client_id"])
    op.create_index("ix_client_tags_port_id_tag_id", "client_tags", ["port_id", "tag_id", "client_id"])
    op.create_table(
        "client_note_mentions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.UniqueConstraint("note_id", "user_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["port_id", "note_id"], ["client_notes.port_id", "client_notes.id"], ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_client_note_mentions_port_id_note_id", "client_note_mentions", ["port_id", "note_id"])
    op.create_index("ix_client_note_mentions_user_id", "client_note_mentions", ["user_id"])
    for table in ("client_tags", "client_note_mentions"):
        fence_port(table)


def downgrade() -> None:
    op.drop_table("client_note_mentions")
    op.drop_table("client_tags")
    op.drop_column("client_notes", "edited_at")
