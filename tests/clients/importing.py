"""What tests of imports share: sending a file, doing the jobs, looking at what is stored."""

from __future__ import annotations

import io
import shutil
import uuid
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.db import begin, commit, db
from app.jobs import Job, perform
from tests.world import NORTH, Visitor

IMPORTS = "/north/clients/imports"


def send_file(visitor: Visitor, content: bytes, name: str = "clients.csv", **form: Any) -> TestResponse:
    """The form of a file, filled in; `form`: one that was opened before."""
    opened = form or opened_form(visitor)
    return visitor.post(IMPORTS, {**opened, "file": (io.BytesIO(content), name)})


def opened_form(visitor: Visitor) -> dict[str, Any]:
    return {name: value for name, value in visitor.form(f"{IMPORTS}/new").items() if name != "file"}


def work_off(port_id: uuid.UUID = NORTH) -> int:
    """Do the jobs that wait in the port, as a worker would; how many there were."""
    begin(port_id=port_id, scope="staff")
    waiting = db.session.scalars(select(Job.id).where(Job.failed_at.is_(None)).order_by(Job.id)).all()
    commit()
    for job_id in waiting:
        perform(str(job_id))
    return len(waiting)


def stored_files(app: Flask) -> list[str]:
    """The keys of all files."""
    root = app.extensions["settings"].quayside_home / "files"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def forget_files(app: Flask) -> None:
    shutil.rmtree(app.extensions["settings"].quayside_home / "files", ignore_errors=True)


def stored_content(key: str) -> bytes:
    with current_app.extensions["storage"].open(key) as stream:
        content: bytes = stream.read()
    return content
