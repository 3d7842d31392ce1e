"""Indexes of tables that are in use, made while others write.

They are made outside a transaction, so what comes before them in a migration stays when they fail: all of that is
written so that it can be done again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

# For what others wait behind.
PATIENCE = "4s"


@contextmanager
def beside() -> Iterator[None]:
    """Nobody waits behind an index that is made concurrently, and one that gives up is left half made: it waits for
    whoever reads or writes, as long as that takes."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        yield
        op.execute(f"SET lock_timeout = '{PATIENCE}'")


def make_index(name: str, place: str) -> None:
    """`place`: the table with its columns. What is left of an index that failed makes room for it."""
    drop_index(name)
    op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {place}")


def drop_index(name: str) -> None:
    op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
