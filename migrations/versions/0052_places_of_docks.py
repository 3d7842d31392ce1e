"""Where docks lie on the plan of their harbour.

Revision ID: 0052
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

COLUMNS = ("plan_x", "plan_y", "plan_turn")
CHECKS = {
    "plan_x": "plan_x BETWEEN 0 AND 5000",
    "plan_y": "plan_y BETWEEN 0 AND 5000",
    "plan_turn": "plan_turn BETWEEN 0 AND 359",
    "plan": "num_nulls(plan_x, plan_y) <> 1",
}


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("docks", sa.Column(name, sa.SmallInteger()))
    for name, check in CHECKS.items():
        op.create_check_constraint(name, "docks", check)


def downgrade() -> None:
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_docks_{name}"), "docks", type_="check")
    for name in COLUMNS:
        op.drop_column("docks", name)
