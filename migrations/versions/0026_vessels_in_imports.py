"""Vessels, tags and own fields in imports.

Revision ID: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

INDEX = "ix_vessels_registration"


def upgrade() -> None:
    op.add_column("imports", sa.Column("may_add_tags", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("imports", "may_add_tags", server_default=None)
    # Wider is no rewrite; the name of a port's own field, of a vessel too.
    op.alter_column("import_rows", "problem", type_=sa.String(80))
    with op.get_context().autocommit_block():
        op.create_index(
            INDEX,
            "vessels",
            ["port_id", "registration", "id"],
            postgresql_where="registration <> '' AND archived_at IS NULL",
            postgresql_concurrently=True,
        )
        valid = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)").bindparams(name=INDEX)
        assert op.get_bind().scalar(valid)  # noqa: S101  # an index that was left half made must stop the migration


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "vessels", postgresql_concurrently=True)
    op.alter_column("import_rows", "problem", type_=sa.String(40), postgresql_using="left(problem, 40)")
    op.drop_column("imports", "may_add_tags")
