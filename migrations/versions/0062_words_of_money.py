"""Money in custom fields is found as it is shown, with both of its decimals.

Revision ID: 0062
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

before = import_module("migrations.versions.0032_days_of_fields")
NUMBERS = "WHEN kind IN ('number', 'money') THEN trim_scale(number_value)::text"
MONEY = "WHEN kind = 'money' THEN trim_scale(number_value)::text || ' ' || to_char(number_value, 'FM9999999999990.00')"
WORDS = before.WORDS.replace(NUMBERS, f"{MONEY} {NUMBERS}")
OF_MONEY = (
    "SELECT v.port_id, 'field', v.id, w FROM custom_field_values v"
    " CROSS JOIN LATERAL search_split({words}) AS w WHERE v.kind = 'money'"
)


def upgrade() -> None:
    if WORDS == before.WORDS:
        raise LookupError("the words of numbers are not said as they were in 0032")
    before.indexed(WORDS)
    op.execute(
        "INSERT INTO search_words (port_id, subject_type, subject_id, word)"
        f" {OF_MONEY.format(words=WORDS)} ON CONFLICT DO NOTHING"
    )
    op.execute(
        "SELECT search_learn(array_agg(x.port_id), array_agg(x.word)) FROM (SELECT DISTINCT w.port_id, w.word"
        " FROM search_words w JOIN custom_field_values v ON v.port_id = w.port_id AND v.id = w.subject_id"
        " WHERE w.subject_type = 'field' AND v.kind = 'money') x"
    )


def downgrade() -> None:
    # `before.WORDS` is SQL written in migration 0032; nothing of it is typed by anybody.
    op.execute(
        "DELETE FROM search_words t USING custom_field_values v"  # noqa: S608
        " WHERE t.subject_type = 'field' AND v.port_id = t.port_id AND v.id = t.subject_id AND v.kind = 'money'"
        f" AND NOT t.word = ANY (ARRAY(SELECT search_split({before.WORDS})))"
    )
    before.indexed(before.WORDS)
