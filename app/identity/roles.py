"""Seeding the system roles: what permissions.py says is what is in the table."""

from __future__ import annotations

import json

from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

from ..db import now
from .permissions import SYSTEM_ROLES, as_map

UPSERT = text(
    "INSERT INTO roles (id, name, label, description, permissions, is_system, created_at, updated_at)"
    " VALUES (:id, :name, :label, :description, CAST(:permissions AS jsonb), true, :now, :now)"
    " ON CONFLICT (name) DO UPDATE SET label = excluded.label, description = excluded.description,"
    " permissions = excluded.permissions, updated_at = excluded.updated_at"
)


def seed_system_roles(connection: Connection) -> None:
    """Insert or bring up to date every system role. For migrations: the application cannot write roles."""
    for name, (label, description, leaves) in SYSTEM_ROLES.items():
        connection.execute(
            UPSERT,
            {
                "id": uuid7(),
                "name": name,
                "label": label,
                "description": description,
                "permissions": json.dumps(as_map(leaves)),
                "now": now(),
            },
        )
