"""Alembic's environment: as the owner of the schema, with a bounded wait for locks."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import create_engine, pool, text

from app.db import Base
from migrations.indexes import PATIENCE

# Indexes over expressions, by which search_clients() finds: Alembic cannot compare them.
OF_EXPRESSIONS = {
    "ix_client_contacts_domain",
    "ix_client_contacts_national",
    "ix_client_contacts_ending",
    "ix_client_notes_words",
}

settings = current_app.extensions["settings"]


def run() -> None:
    if settings.database_owner_url is None:
        raise SystemExit("DATABASE_OWNER_URL is not set; migrations are made by the owner of the database.")
    engine = create_engine(settings.database_owner_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{PATIENCE}'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            include_object=lambda _thing, name, *_: name not in OF_EXPRESSIONS,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
