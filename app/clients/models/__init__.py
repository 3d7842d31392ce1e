from .archive import Archive
from .client import Client, ClientKind, ClientSource, ClientStatus
from .contact import Contact, ContactKind
from .duplicate import Duplicate, DuplicateScan, DuplicateState
from .merge import Merge
from .note import Mention, Note
from .relationship import Relationship, RelationshipKind
from .tagging import ClientTag

__all__ = [
    "Archive",
    "Client",
    "ClientKind",
    "ClientSource",
    "ClientStatus",
    "ClientTag",
    "Contact",
    "ContactKind",
    "Duplicate",
    "DuplicateScan",
    "DuplicateState",
    "Mention",
    "Merge",
    "Note",
    "Relationship",
    "RelationshipKind",
]
