"""Mail that waits to be sent.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.policies import PORT, SCOPE, STAFF, definer, fence

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# All but the words: those only a job may open.
COLUMNS = "id, port_id, template, status, attempts, error, created_at, sent_at, request_id"


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid()),
        sa.Column("asked_by_id", sa.Uuid()),
        sa.Column("template", sa.String(60), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.String(200), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("request_id", sa.String(64)),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint("status IN ('waiting', 'sent', 'failed')", name="status"),
    )
    op.create_index("ix_mails_port_id", "mails", ["port_id"])
    op.create_index("ix_mails_asked_by_id", "mails", ["asked_by_id"])
    op.create_index("ix_mails_created_at", "mails", ["created_at"], postgresql_where="status <> 'waiting'")
    port = f"port_id = {PORT} AND {STAFF}"
    fence(
        "mails",
        port,
        check=f"({port}) OR (port_id IS NULL AND {SCOPE} IN ('staff', ''))",
        grants=f"SELECT ({COLUMNS}), INSERT",
    )
    # A job has no user; whoever acts for one is given no mail. What is given was counted as an attempt before.
    op.execute(
        """
        CREATE FUNCTION take_mail(p_id uuid) RETURNS SETOF mails
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            UPDATE mails SET attempts = attempts + 1
            WHERE id = p_id AND status = 'waiting' AND port_id IS NOT DISTINCT FROM port_in_force()
              AND coalesce(current_setting('app.user_id', true), '') = ''
            RETURNING *
        $$
        """
    )
    definer("take_mail(uuid)")
    # With the words of a mail that has left go its links; one that has not may be looked into by an operator.
    op.execute(
        """
        CREATE FUNCTION end_mail(p_id uuid, p_status text, p_error text, p_now timestamptz)
        RETURNS TABLE (template text, asked_by_id uuid)
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            UPDATE mails SET status = p_status, error = p_error,
                   sent_at = CASE WHEN p_status = 'sent' THEN p_now END,
                   sealed = CASE WHEN p_status = 'sent' THEN '\\x' ELSE sealed END
            WHERE id = p_id AND status = 'waiting' AND port_id IS NOT DISTINCT FROM port_in_force()
            RETURNING template::text, asked_by_id
        $$
        """
    )
    definer("end_mail(uuid, text, text, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION clear_mails(p_now timestamptz) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DELETE FROM mails
            WHERE status <> 'waiting' AND created_at < p_now - interval '30 days' AND port_in_force() IS NULL
        $$
        """
    )
    definer("clear_mails(timestamptz)")


def downgrade() -> None:
    for signature in ("clear_mails(timestamptz)", "end_mail(uuid, text, text, timestamptz)", "take_mail(uuid)"):
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_table("mails")
