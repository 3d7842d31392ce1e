from .archive import Archive
from .client import Client, ClientKind, ClientSource, ClientStatus
from .contact import Contact, ContactKind
from .duplicate import Duplicate, DuplicateScan, DuplicateState
from .export import Export, ExportExtent, ExportFormat, ExportStatus
from .mention import Mention, pieces
from .merge import Merge
from .note import Note
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
    "Export",
    "ExportExtent",
    "ExportFormat",
    "ExportStatus",
    "Mention",
    "Merge",
    "Note",
    "Relationship",
    "RelationshipKind",
    "pieces",
]
