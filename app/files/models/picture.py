"""FilePicture: what a page of a version looks like."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from ...db import Base, PortScoped

if TYPE_CHECKING:
    from .version import FileVersion


class FilePicture(PortScoped, Base):
    """A page of a version as a picture; page 0 is the small one of lists."""

    __tablename__ = "file_pictures"
    __table_args__ = (
        UniqueConstraint("port_id", "id"),
        UniqueConstraint("storage_key"),
        UniqueConstraint("port_id", "version_id", "page"),
        ForeignKeyConstraint(
            ["port_id", "version_id"], ["file_versions.port_id", "file_versions.id"], ondelete="CASCADE"
        ),
        Index("ix_file_pictures_version", "port_id", "version_id"),
    )

    version_id: Mapped[uuid.UUID]
    page: Mapped[int]
    storage_key: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]

    @classmethod
    def of(cls, version: FileVersion, key: str, picture: Any) -> Self:
        size = {"width": picture.width, "height": picture.height}
        return cls(port_id=version.port_id, version_id=version.id, page=picture.page, storage_key=key, **size)
