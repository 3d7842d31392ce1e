"""`02` may be painted beside `2`.

Revision ID: 0044
"""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

# What stands behind the order of a berth whose number is written with zeros before it.
PADDED = (
    "(SELECT string_agg(' ' || n[1], '' ORDER BY at)"
    " FROM regexp_matches(b.code, '\\d+', 'g') WITH ORDINALITY AS f (n, at) WHERE n[1] ~ '^0\\d')"
)
HAS_SOME = "b.code ~ '(^|\\D)0\\d'"


def upgrade() -> None:
    op.execute(
        f"UPDATE berths b SET sort_code = sort_code || {PADDED}, sort_place = sort_place || {PADDED} WHERE {HAS_SOME}"  # noqa: S608  # constants
    )


def downgrade() -> None:
    op.execute(
        f"UPDATE berths b SET sort_code = left(sort_code, -length({PADDED})),"  # noqa: S608  # constants
        f" sort_place = left(sort_place, -length({PADDED})) WHERE {HAS_SOME}"
    )
