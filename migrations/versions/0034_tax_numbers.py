"""Who is entered twice is found by the tax number, too.

Revision ID: 0034
"""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_clients_tax_number", "clients", ["port_id", "tax_number"], postgresql_where="tax_number <> ''")


def downgrade() -> None:
    op.drop_index("ix_clients_tax_number", table_name="clients")
