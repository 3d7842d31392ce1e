from .client import Client, ClientKind, ClientSource, ClientStatus
from .contact import Contact, ContactKind
from .imports import Import, ImportRow, ImportStatus, Verdict
from .note import Note

__all__ = [
    "Client",
    "ClientKind",
    "ClientSource",
    "ClientStatus",
    "Contact",
    "ContactKind",
    "Import",
    "ImportRow",
    "ImportStatus",
    "Note",
    "Verdict",
]
