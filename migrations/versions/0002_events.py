"""Events, the keys of their subjects, the outbox.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.policies import PORT, SCOPE, STAFF, USER, definer, fence

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subject_keys",
        sa.Column("subject_type", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid()),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_type", "subject_id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    )
    op.create_index("ix_subject_keys_port_id", "subject_keys", ["port_id"])
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid()),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("subject_type", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("changed_fields", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("request_id", sa.String(64)),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.CheckConstraint("name ~ '^[a-zA-Z]+:[a-zA-Z]+$'", name="name"),
        sa.CheckConstraint("actor_kind IN ('user', 'client', 'system')", name="actor_kind"),
    )
    op.create_index("ix_events_subject", "events", ["subject_type", "subject_id", "id"])
    op.create_index("ix_events_port_id_id", "events", ["port_id", "id"])
    op.create_index("ix_events_actor_id_id", "events", ["actor_id", "id"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("port_id", sa.Uuid()),
        sa.Column("subject", sa.String(120), nullable=False),
        sa.Column("event_id", sa.Uuid()),
        sa.Column("job_id", sa.Uuid()),
        sa.Column("request_id", sa.String(64)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("retry_at", sa.DateTime(timezone=True)),
        sa.Column("set_aside_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.CheckConstraint("num_nonnulls(event_id, job_id) = 1", name="what"),
    )
    op.create_index("ix_outbox_subject_id", "outbox", ["subject", "id"], postgresql_where="set_aside_at IS NULL")
    op.create_index("ix_outbox_port_id", "outbox", ["port_id"])

    # An event without a port is one of signing in, or of the system's own. The user it is about may
    # read it; it is written in nobody else's name.
    port = f"(port_id = {PORT} AND {STAFF})"
    system = f"port_id IS NULL AND {SCOPE} IN ('staff', '')"
    fence("subject_keys", f"{port} OR ({system} AND subject_id = {USER})", grants="SELECT, INSERT")
    fence(
        "events",
        f"{port} OR ({system} AND actor_id = {USER})",
        check=f"{port} OR ({system} AND (actor_id IS NULL OR actor_id = {USER}))",
        grants="SELECT, INSERT",
    )
    fence("outbox", port, check=f"{port} OR ({system})", grants="SELECT, INSERT")
    # The relay claims for all ports, so none is in force then.
    op.execute(
        """
        CREATE FUNCTION claim_outbox(p_limit int, p_now timestamptz) RETURNS SETOF outbox
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT o.* FROM outbox o
            WHERE coalesce(current_setting('app.port_id', true), '') = ''
              AND o.set_aside_at IS NULL AND (o.retry_at IS NULL OR o.retry_at <= p_now)
              AND NOT EXISTS (SELECT FROM outbox p
                              WHERE p.subject = o.subject AND p.id < o.id AND p.set_aside_at IS NULL)
            ORDER BY o.id LIMIT p_limit FOR UPDATE SKIP LOCKED
        $$
        """
    )
    definer("claim_outbox(int, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION finish_outbox(p_ids bigint[]) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DELETE FROM outbox
            WHERE id = ANY (p_ids) AND coalesce(current_setting('app.port_id', true), '') = ''
        $$
        """
    )
    definer("finish_outbox(bigint[])")
    op.execute(
        """
        CREATE FUNCTION fail_outbox(p_id bigint, p_error text, p_retry_at timestamptz, p_now timestamptz)
        RETURNS boolean
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            UPDATE outbox SET attempts = attempts + 1, error = left(p_error, 2000), retry_at = p_retry_at,
                   set_aside_at = CASE WHEN attempts + 1 >= 10 THEN p_now END
            WHERE id = p_id AND coalesce(current_setting('app.port_id', true), '') = ''
            RETURNING set_aside_at IS NOT NULL
        $$
        """
    )
    definer("fail_outbox(bigint, text, timestamptz, timestamptz)")


def downgrade() -> None:
    for signature in (
        "fail_outbox(bigint, text, timestamptz, timestamptz)",
        "finish_outbox(bigint[])",
        "claim_outbox(int, timestamptz)",
    ):
        op.execute(f"DROP FUNCTION {signature}")
    for table in ("outbox", "events", "subject_keys"):
        op.drop_table(table)
