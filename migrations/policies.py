"""Row-level security, said the same way in every migration.

Settings are read in a sub-select so that Postgres reads them once a statement, and an unset one means no rows. FORCE
binds the owner too, so the owner (migrations, backup, definer functions) has a policy of its own.
"""

from __future__ import annotations

from alembic import op

APP = "quayside_app"
OWNER = "quayside_owner"
SEARCH = "quayside_search"

PORT = "(SELECT nullif(current_setting('app.port_id', true), '')::uuid)"
USER = "(SELECT nullif(current_setting('app.user_id', true), '')::uuid)"
SCOPE = "(SELECT current_setting('app.scope', true))"
STAFF = f"{SCOPE} = 'staff'"
SUPER = f"coalesce((SELECT u.is_super_admin FROM users u WHERE u.id = {USER}), false)"  # noqa: S608  (constants)


def fence(table: str, rule: str, *, check: str | None = None, grants: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Put a table behind row-level security: `rule` says which rows the application may see, `check` which it may
    write (the same unless stated)."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_owner ON {table} TO {OWNER} USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY {table}_app ON {table} TO {APP} USING ({rule}) WITH CHECK ({check or rule})")
    op.execute(f"GRANT {grants} ON {table} TO {APP}")


def fence_port(table: str, *, grants: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """A table of one port that only staff see."""
    fence(table, f"port_id = {PORT} AND {STAFF}", grants=grants)


def definer(signature: str, *, owner: str | None = None) -> None:
    """Hand a SECURITY DEFINER function to the application alone."""
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APP}")
    if owner:
        op.execute(f"GRANT CREATE ON SCHEMA public TO {owner}")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO {owner}")
        op.execute(f"REVOKE CREATE ON SCHEMA public FROM {owner}")
