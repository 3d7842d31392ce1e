"""Jobs, and which recurring ones have run.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from migrations.policies import APP, definer, fence_port

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid()),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("args", pg.JSONB(), nullable=False),
        sa.Column("queue", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("stop_asked_at", sa.DateTime(timezone=True)),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(64)),
        sa.Column("started_by", sa.Uuid()),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["started_by"], ["users.id"], ondelete="SET NULL"),
        sa.CheckConstraint("jsonb_typeof(args) = 'object'", name="args"),
        sa.CheckConstraint("done >= 0 AND total >= 0", name="progress"),
    )
    op.create_index("ix_jobs_port_id", "jobs", ["port_id"])
    op.create_index("ix_jobs_started_by", "jobs", ["started_by"])
    op.create_index("ix_jobs_sent_at", "jobs", ["sent_at"], postgresql_where="failed_at IS NULL")
    op.create_index("ix_jobs_failed_at", "jobs", ["failed_at"], postgresql_where="failed_at IS NOT NULL")
    op.create_table(
        "job_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("port_id", sa.Uuid()),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("period", sa.String(40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", "port_id", "period", postgresql_nulls_not_distinct=True),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="RESTRICT"),
    )
    op.create_index("ix_job_runs_port_id", "job_runs", ["port_id"])

    fence_port("jobs", grants="SELECT")
    op.execute(f"GRANT UPDATE (stop_asked_at) ON jobs TO {APP}")
    fence_port("job_runs", grants="SELECT")
    add_functions()
    add_functions_of_schedule()


def add_functions() -> None:
    # What is called inside a unit of work reaches the rows of its port, or without one those of no port.
    op.execute(
        """
        CREATE FUNCTION port_in_force() RETURNS uuid
        LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
            SELECT nullif(current_setting('app.port_id', true), '')::uuid
        $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION port_in_force() FROM PUBLIC")
    # A job due within a minute goes through the outbox, which waits for its moment; a later one is left to
    # the sweep, so that the relay need not step over it until then.
    op.execute(
        """
        CREATE FUNCTION put_job_in_outbox(j jobs, p_now timestamptz) RETURNS void
        LANGUAGE sql SET search_path = public, pg_temp AS $$
            INSERT INTO outbox (port_id, subject, job_id, request_id, created_at, attempts, retry_at)
            SELECT j.port_id, 'job:' || j.id, j.id, j.request_id, p_now, 0,
                   nullif(greatest(j.run_at, p_now), p_now)
            WHERE j.run_at <= p_now + interval '1 minute'
        $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION put_job_in_outbox(jobs, timestamptz) FROM PUBLIC")
    op.execute(
        """
        CREATE FUNCTION add_job(p_id uuid, p_name text, p_args jsonb, p_queue text, p_attempts int,
            p_is_for_port boolean, p_run_at timestamptz, p_now timestamptz, p_request_id text) RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            j jobs;
        BEGIN
            IF p_is_for_port AND port_in_force() IS NULL THEN
                RAISE EXCEPTION 'job % is for a port, and none is set', p_name;
            END IF;
            INSERT INTO jobs (id, port_id, name, args, queue, attempts, max_attempts, run_at, sent_at,
                              done, total, created_at, request_id, started_by)
            VALUES (p_id, CASE WHEN p_is_for_port THEN port_in_force() END, p_name, p_args, p_queue,
                    0, p_attempts, p_run_at, p_now, 0, 0, p_now, p_request_id, (
                        SELECT u.id FROM users u
                        WHERE u.id = nullif(current_setting('app.user_id', true), '')::uuid
                    ))
            RETURNING * INTO j;
            PERFORM put_job_in_outbox(j, p_now);
        END $$
        """
    )
    definer("add_job(uuid, text, jsonb, text, int, boolean, timestamptz, timestamptz, text)")
    # Which port a job belongs to is only known once its row is read, so this is asked before any port is set.
    op.execute(
        """
        CREATE FUNCTION claim_job(p_id uuid, p_now timestamptz) RETURNS SETOF jobs
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT * FROM jobs
            WHERE id = p_id AND port_in_force() IS NULL
              AND failed_at IS NULL AND run_at <= p_now AND (leased_until IS NULL OR leased_until <= p_now)
            FOR UPDATE SKIP LOCKED
        $$
        """
    )
    definer("claim_job(uuid, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION queue_of_job(p_id uuid) RETURNS text
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT queue FROM jobs WHERE id = p_id AND port_in_force() IS NULL AND failed_at IS NULL
        $$
        """
    )
    definer("queue_of_job(uuid)")
    # The lease somebody holds is known by its end: who takes a job over sets another.
    op.execute(
        """
        CREATE FUNCTION lock_step(p_id uuid, p_held timestamptz) RETURNS SETOF jobs
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT * FROM jobs
            WHERE id = p_id AND port_id IS NOT DISTINCT FROM port_in_force()
              AND leased_until IS NOT DISTINCT FROM p_held AND failed_at IS NULL
            FOR UPDATE
        $$
        """
    )
    definer("lock_step(uuid, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION renew_job(p_id uuid, p_held timestamptz, p_until timestamptz, p_done int, p_total int)
        RETURNS boolean
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            UPDATE jobs SET leased_until = p_until, done = p_done, total = p_total
            WHERE id = p_id AND port_id IS NOT DISTINCT FROM port_in_force()
              AND leased_until IS NOT DISTINCT FROM p_held
            RETURNING true
        $$
        """
    )
    definer("renew_job(uuid, timestamptz, timestamptz, int, int)")
    op.execute(
        """
        CREATE FUNCTION finish_job(p_id uuid, p_held timestamptz) RETURNS boolean
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DELETE FROM jobs
            WHERE id = p_id AND port_id IS NOT DISTINCT FROM port_in_force()
              AND leased_until IS NOT DISTINCT FROM p_held
            RETURNING true
        $$
        """
    )
    definer("finish_job(uuid, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION fail_job(p_id uuid, p_held timestamptz, p_attempts int, p_error text,
            p_run_at timestamptz, p_now timestamptz) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            j jobs;
        BEGIN
            SELECT * INTO j FROM jobs
            WHERE id = p_id AND port_id IS NOT DISTINCT FROM port_in_force()
              AND attempts = p_attempts AND failed_at IS NULL AND leased_until IS NOT DISTINCT FROM p_held
            FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN RETURN NULL; END IF;
            UPDATE jobs SET attempts = attempts + 1, error = p_error, run_at = p_run_at, leased_until = NULL,
                   sent_at = p_now, failed_at = CASE WHEN attempts + 1 >= max_attempts THEN p_now END
            WHERE id = p_id RETURNING * INTO j;
            IF j.failed_at IS NULL THEN PERFORM put_job_in_outbox(j, p_now); END IF;
            RETURN j.failed_at IS NOT NULL;
        END $$
        """
    )
    definer("fail_job(uuid, timestamptz, int, text, timestamptz, timestamptz)")


def add_functions_of_schedule() -> None:
    # What a worker is doing is locked and skipped. The rest is sent at most once a minute, the longest unsent
    # first; what still waits in its queue is then left there by the relay.
    op.execute(
        """
        CREATE FUNCTION sweep_jobs(p_now timestamptz) RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            WITH forgotten AS (
                SELECT id FROM jobs j
                WHERE port_in_force() IS NULL AND failed_at IS NULL
                  AND run_at <= p_now AND sent_at <= p_now - interval '1 minute'
                  AND (leased_until IS NULL OR leased_until <= p_now)
                  AND NOT EXISTS (
                      SELECT FROM outbox o WHERE o.subject = 'job:' || j.id AND o.set_aside_at IS NULL
                  )
                ORDER BY sent_at LIMIT 1000 FOR UPDATE SKIP LOCKED
            ), sent AS (
                UPDATE jobs j SET sent_at = p_now FROM forgotten f WHERE j.id = f.id RETURNING j.*
            ), put AS (
                INSERT INTO outbox (port_id, subject, job_id, request_id, created_at, attempts)
                SELECT port_id, 'job:' || id, id, request_id, p_now, 0 FROM sent RETURNING id
            )
            SELECT count(*) FROM put
        $$
        """
    )
    definer("sweep_jobs(timestamptz)")
    # The last run of each is kept however old it is: it says that its period is done.
    op.execute(
        """
        CREATE FUNCTION clear_jobs(p_now timestamptz) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            DELETE FROM jobs WHERE failed_at < p_now - interval '7 days' AND port_in_force() IS NULL;
            DELETE FROM job_runs r WHERE created_at < p_now - interval '7 days' AND port_in_force() IS NULL
               AND EXISTS (
                   SELECT FROM job_runs n
                   WHERE n.name = r.name AND n.port_id IS NOT DISTINCT FROM r.port_id
                     AND n.created_at > r.created_at
               );
        $$
        """
    )
    definer("clear_jobs(timestamptz)")
    op.execute(
        """
        CREATE FUNCTION start_run(p_id uuid, p_name text, p_period text, p_now timestamptz) RETURNS boolean
        LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
            INSERT INTO job_runs (id, port_id, name, period, created_at)
            VALUES (p_id, port_in_force(), p_name, p_period, p_now)
            ON CONFLICT DO NOTHING RETURNING true
        $$
        """
    )
    definer("start_run(uuid, text, text, timestamptz)")
    op.execute(
        """
        CREATE FUNCTION ports_by_zone() RETURNS TABLE (id uuid, timezone text)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT p.id, p.timezone::text FROM ports p WHERE port_in_force() IS NULL AND p.is_active
        $$
        """
    )
    definer("ports_by_zone()")
    # The events of signing in belong to no port, and policies show them to their own user only.
    op.execute(
        """
        CREATE FUNCTION event_without_port(p_outbox bigint) RETURNS SETOF events
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
            SELECT e.* FROM events e JOIN outbox o ON o.event_id = e.id
            WHERE o.id = p_outbox AND e.port_id IS NULL AND port_in_force() IS NULL
        $$
        """
    )
    definer("event_without_port(bigint)")


def downgrade() -> None:
    for signature in (
        "event_without_port(bigint)",
        "ports_by_zone()",
        "start_run(uuid, text, text, timestamptz)",
        "clear_jobs(timestamptz)",
        "sweep_jobs(timestamptz)",
        "fail_job(uuid, timestamptz, int, text, timestamptz, timestamptz)",
        "finish_job(uuid, timestamptz)",
        "renew_job(uuid, timestamptz, timestamptz, int, int)",
        "lock_step(uuid, timestamptz)",
        "queue_of_job(uuid)",
        "claim_job(uuid, timestamptz)",
        "add_job(uuid, text, jsonb, text, int, boolean, timestamptz, timestamptz, text)",
        "put_job_in_outbox(jobs, timestamptz)",
        "port_in_force()",
    ):
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_table("job_runs")
    op.drop_table("jobs")
