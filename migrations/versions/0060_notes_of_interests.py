"""Notes of interests with the colleagues named in them, and tags of interests.

Revision ID: 0060
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import fence_port

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def own() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid(), nullable=False),
    ]


def keys() -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("port_id", "id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    ]


def of_port(column: str, table: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["port_id", column], [f"{table}.port_id", f"{table}.id"], ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "interest_notes",
        *own(),
        sa.Column("interest_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="SET NULL")),
        sa.Column("author_name", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True)),
        sa.Column("archived_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        *keys(),
        of_port("interest_id", "interests", "CASCADE"),
    )
    op.create_index("ix_interest_notes_port_id_interest_id", "interest_notes", ["port_id", "interest_id"])
    op.create_index("ix_interest_notes_author_id", "interest_notes", ["author_id"])
    op.create_table(
        "interest_note_mentions",
        *own(),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *keys(),
        sa.UniqueConstraint("note_id", "user_id"),
        of_port("note_id", "interest_notes", "CASCADE"),
    )
    op.create_index("ix_interest_note_mentions_port_id_note_id", "interest_note_mentions", ["port_id", "note_id"])
    op.create_index("ix_interest_note_mentions_user_id", "interest_note_mentions", ["user_id"])
    op.create_table(
        "interest_tags",
        *own(),
        sa.Column("interest_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        *keys(),
        sa.UniqueConstraint("interest_id", "tag_id"),
        of_port("interest_id", "interests", "CASCADE"),
        of_port("tag_id", "tags", "RESTRICT"),
    )
    op.create_index("ix_interest_tags_port_id_interest_id", "interest_tags", ["port_id", "interest_id"])
    op.create_index("ix_interest_tags_port_id_tag_id", "interest_tags", ["port_id", "tag_id", "interest_id"])
    for table in ("interest_notes", "interest_note_mentions", "interest_tags"):
        fence_port(table)


def downgrade() -> None:
    for table in ("interest_tags", "interest_note_mentions", "interest_notes"):
        op.drop_table(table)
