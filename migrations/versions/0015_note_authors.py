"""A note keeps its author's name: colleagues do not see who has left the port, nor super-admins.

Revision ID: 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("client_notes", sa.Column("author_name", sa.String(200), nullable=False, server_default=""))
    op.execute("UPDATE client_notes n SET author_name = u.name FROM users u WHERE u.id = n.author_id")
    op.alter_column("client_notes", "author_name", server_default=None)


def downgrade() -> None:
    op.drop_column("client_notes", "author_name")
