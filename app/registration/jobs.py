"""What was sent from the public page becomes a client."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from .. import formats
from ..db import db
from ..identity.models import current_port_of
from ..jobs import job
from .models import Registration


@job(queue="notifications")
def take_in_registration(registration_id: uuid.UUID) -> None:
    found = select(Registration).where(Registration.id == registration_id)
    registration = db.session.scalars(found.with_for_update(skip_locked=True)).one_or_none()
    if registration is None:
        return
    port = current_port_of(registration.port_id)
    with formats.use(port):
        registration.take_in(port=port)
