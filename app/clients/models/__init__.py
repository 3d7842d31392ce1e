from .client import Client, ClientKind, ClientSource, ClientStatus
from .contact import Contact, ContactKind
from .imports import Import, ImportMapping, ImportRow, ImportStatus, Verdict
from .note import Note
from .relationship import Relationship, RelationshipKind

__all__ = [
    "Client",
    "ClientKind",
    "ClientSource",
    "ClientStatus",
    "Contact",
    "ContactKind",
    "Import",
    "ImportMapping",
    "ImportRow",
    "ImportStatus",
    "Note",
    "Relationship",
    "RelationshipKind",
    "Verdict",
]
