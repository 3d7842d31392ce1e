"""The interest that was made of a registration.

Revision ID: 0051
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

KEY, INDEX = "fk_registrations_port_id_interest_id", "ix_registrations_interest"


def upgrade() -> None:
    op.add_column("registrations", sa.Column("interest_id", sa.Uuid()))
    own, theirs = ["port_id", "interest_id"], ["port_id", "id"]
    op.create_foreign_key(KEY, "registrations", "interests", own, theirs, ondelete="SET NULL (interest_id)")
    op.create_index(INDEX, "registrations", own)


def downgrade() -> None:
    op.drop_column("registrations", "interest_id")
