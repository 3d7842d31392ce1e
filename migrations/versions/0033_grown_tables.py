"""What the planner knows of a table is refreshed while a job fills it.

Revision ID: 0033
"""

from __future__ import annotations

from alembic import op

from migrations.policies import definer

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A plan made while a table was empty reads it whole, and is kept until the table is analysed: autovacuum comes
    # round once a minute. Who is at it already does it for all.
    op.execute(
        """
        CREATE FUNCTION analyze_grown() RETURNS int
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            v_table regclass;
            v_count int := 0;
        BEGIN
            FOR v_table IN
                SELECT c.oid FROM pg_class c
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
                  AND pg_relation_size(c.oid) > (2 * c.relpages + 8) * current_setting('block_size')::bigint
            LOOP
                EXECUTE format('ANALYZE (SKIP_LOCKED) %s', v_table);
                v_count := v_count + 1;
            END LOOP;
            RETURN v_count;
        END $$
        """
    )
    definer("analyze_grown()")


def downgrade() -> None:
    op.execute("DROP FUNCTION analyze_grown()")
