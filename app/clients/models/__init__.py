from .client import Client, ClientKind, ClientSource, ClientStatus
from .contact import Contact, ContactKind
from .imports import Import, ImportMapping, ImportRow, ImportStatus, Verdict
from .mention import Mention, pieces
from .note import Note
from .relationship import Relationship, RelationshipKind
from .tagging import ClientTag

__all__ = [
    "Client",
    "ClientKind",
    "ClientSource",
    "ClientStatus",
    "ClientTag",
    "Contact",
    "ContactKind",
    "Import",
    "ImportMapping",
    "ImportRow",
    "ImportStatus",
    "Mention",
    "Note",
    "Relationship",
    "RelationshipKind",
    "Verdict",
    "pieces",
]
