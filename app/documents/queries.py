"""Documents as lists show them: with their files, and the interest and the berth they are about."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from ..berths.models import Berth, Dock
from ..clients.models import Client
from ..current import Member
from ..db import db
from ..files.models import File
from ..interests.models import Interest
from ..numbers import has_number
from ..paging import Columns, Page, Sort, paginate
from .models import Document

LATEST = 10  # entries of the timeline on a document's page
NEWEST = (Sort("number", "", Document.number, descending=True),)

ROW = (
    Document.id,
    Document.number,
    Document.type,
    Document.status,
    Document.sha256,
    Document.created_at,
    File.number.label("file_number"),
    File.filename,
    Client.number.label("client_number"),
    Client.full_name.label("client_name"),
    Interest.number.label("interest_number"),
    Berth.number.label("berth_number"),
    Berth.code.label("berth_code"),
    Dock.name.label("dock_name"),
)


def documents_of(client: Client, member: Member) -> Page:
    """The newest first."""
    scope = Document.visible_to(member).where(Document.client_id == client.id)
    return paginate(row_columns(scope), scope, id_column=Document.id, sorts=NEWEST)


def document_of(number: int, member: Member) -> Any:
    """One row; None where there is none, or the member may not see it."""
    found = Document.visible_to(member).where(has_number(Document, number))
    return db.session.execute(row_columns(found)).one_or_none()


def row_columns(scope: Select[Any]) -> Columns:
    port_id = Document.port_id
    return (
        scope.with_only_columns(*ROW)
        .join(Client, (Client.port_id == port_id) & (Client.id == Document.client_id))
        .join(File, (File.port_id == port_id) & (File.id == Document.signed_file_id))
        .outerjoin(Interest, (Interest.port_id == port_id) & (Interest.id == Document.interest_id))
        .outerjoin(Berth, (Berth.port_id == port_id) & (Berth.id == Document.berth_id))
        .outerjoin(Dock, (Dock.port_id == port_id) & (Dock.id == Berth.dock_id))
    )
