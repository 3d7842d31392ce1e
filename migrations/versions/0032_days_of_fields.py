"""Days in custom fields are found, too.

Revision ID: 0032
"""

from __future__ import annotations

from importlib import import_module

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

before = import_module("migrations.versions.0030_words_of_fields")
# With the day and the month also as people write them, without a zero.
WORDS = before.WORDS.replace(" END", " WHEN kind = 'date' THEN to_char(date_value, 'YYYY-MM-DD FMDD FMMM') END")
TABLES = {
    "INSERT": "NEW TABLE AS added",
    "UPDATE": "OLD TABLE AS removed NEW TABLE AS added",
    "DELETE": "OLD TABLE AS removed",
}


def indexed(words: str) -> None:
    """The triggers that keep these words of a value."""
    words = words.replace("'", "''")
    for event, tables in TABLES.items():
        op.execute(
            f"CREATE OR REPLACE TRIGGER search_{event.lower()} AFTER {event} ON custom_field_values"
            f" REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION search_index('field', '{words}')"
        )


def clients_by() -> str:
    """The function of 0030; a day is also why somebody was found."""
    shown = "trim_scale(f.number_value)::text)"
    statement: str = before.clients_by()
    assert statement.count(shown) == 1  # noqa: S101  # what is replaced must be there
    return statement.replace(shown, shown.removesuffix(")") + ", f.date_value::text)")


def upgrade() -> None:
    indexed(WORDS)
    op.execute(
        f"""
        INSERT INTO search_words (port_id, subject_type, subject_id, word)
        SELECT v.port_id, 'field', v.id, w FROM custom_field_values v
        CROSS JOIN LATERAL search_split({WORDS}) AS w WHERE v.kind = 'date' ON CONFLICT DO NOTHING
        """  # noqa: S608  # of the constants in this file alone
    )
    op.execute(
        "SELECT search_learn(array_agg(x.port_id), array_agg(x.word)) FROM (SELECT DISTINCT w.port_id, w.word"
        " FROM search_words w JOIN custom_field_values v ON v.port_id = w.port_id AND v.id = w.subject_id"
        " WHERE w.subject_type = 'field' AND v.kind = 'date') x"
    )
    op.execute(clients_by())


def downgrade() -> None:
    op.execute(before.clients_by())
    op.execute(
        "DELETE FROM search_words w USING custom_field_values v"
        " WHERE w.subject_type = 'field' AND v.port_id = w.port_id AND v.id = w.subject_id AND v.kind = 'date'"
    )
    indexed(before.WORDS)
