"""`python -m tests.migrations`: the migrations make what the models say, and lead there and back.

In a database of its own; part of `make lint`.
"""

import sys
import tempfile
from pathlib import Path

from tests.servers import Cluster, Database, Installation, start_postgres

# What no extension brought along and Alembic does not keep for itself.
LEFT = """
SELECT class.relname FROM pg_class class
WHERE class.relnamespace = 'public'::regnamespace AND class.relname NOT LIKE 'alembic_version%'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = class.oid AND d.deptype = 'e')
UNION ALL
SELECT proc.proname FROM pg_proc proc
WHERE proc.pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = proc.oid AND d.deptype = 'e')
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="quayside-migrations-") as home:
        postgres = start_postgres(Path(home) / "postgres")
        try:
            walk(Cluster(postgres.port).empty("quayside"), Path(home))
        finally:
            postgres.stop()


def walk(database: Database, home: Path) -> None:
    installation = Installation(database, "redis://127.0.0.1:1", home)
    run(installation, "upgrade")
    run(installation, "check")
    run(installation, "downgrade", "base")
    with database.connect() as connection:
        left = [name for (name,) in connection.execute(LEFT).fetchall()]
    if left:
        sys.exit(f"flask db downgrade base leaves behind: {', '.join(left)}")
    run(installation, "upgrade")


def run(installation: Installation, *arguments: str) -> None:
    print("flask db", *arguments, flush=True)
    installation.flask("db", *arguments)


if __name__ == "__main__":
    main()
