"""The file of a vessel's paper.

Revision ID: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vessel_documents", sa.Column("file_id", sa.Uuid()))
    op.execute(
        "ALTER TABLE vessel_documents ADD CONSTRAINT fk_vessel_documents_port_id_file_id"
        " FOREIGN KEY (port_id, file_id) REFERENCES files (port_id, id) ON DELETE RESTRICT NOT VALID"
    )
    op.execute("ALTER TABLE vessel_documents VALIDATE CONSTRAINT fk_vessel_documents_port_id_file_id")
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_vessel_documents_file", "vessel_documents", ["port_id", "file_id"], postgresql_concurrently=True
        )
        valid = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_vessel_documents_file'::regclass")
        assert op.get_bind().scalar(valid)  # noqa: S101  # an index that was left half made must stop the migration


def downgrade() -> None:
    op.drop_column("vessel_documents", "file_id")
