"""The words by which records are found, kept by triggers (`search_index()`); the application only reads them."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text, Uuid, text

from ..db import Base

WORDS = Table(
    "search_words",
    Base.metadata,
    Column("port_id", Uuid(), primary_key=True),
    Column("subject_type", String(20), primary_key=True),
    Column("subject_id", Uuid(), primary_key=True),
    Column("word", Text(collation="C"), primary_key=True),
    Index("ix_search_words_word", "port_id", "subject_type", "word", "subject_id"),
)

# Each word of the port under itself and under what is left of it without one letter.
SPELLINGS = Table(
    "search_spellings",
    Base.metadata,
    Column("port_id", Uuid(), nullable=False),
    Column("spelling", Text(collation="C"), nullable=False),
    Column("word", Text(collation="C"), nullable=False),
    Index("ix_search_spellings_spelling", "port_id", "spelling", "word"),
    Index("ix_search_spellings_word", "port_id", "word", postgresql_where=text("spelling = word")),
    Index(
        "ix_search_spellings_trigrams",
        "port_id",
        "word",
        postgresql_using="gin",
        postgresql_ops={"word": "gin_trgm_ops"},
        postgresql_where=text("spelling = word"),
    ),
)
