from .bulk import VesselWriting
from .card import Card
from .document import (
    REQUIRED,
    Document,
    DocumentKind,
    DocumentReminder,
    Paper,
    State,
    documents_of,
    papers_of,
    state_of,
)
from .ownership import Ownership
from .reading import fields_of_vessels
from .vessel import Taken, Vessel, VesselKind

__all__ = [
    "REQUIRED",
    "Card",
    "Document",
    "DocumentKind",
    "DocumentReminder",
    "Ownership",
    "Paper",
    "State",
    "Taken",
    "Vessel",
    "VesselKind",
    "VesselWriting",
    "documents_of",
    "fields_of_vessels",
    "papers_of",
    "state_of",
]
