"""Topics of registrations, who is told of a new one, and how timelines tell of it."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from .. import live
from ..current import Member
from ..db import db
from ..events.models import Event
from ..events.reactions import on
from ..events.subjects import families
from ..events.timeline import tells
from ..notifications.models import notify
from ..notifications.reactions import details_of, holders_of, written_for
from .models import Registration


@live.topic("registrations")
def registrations_topic(member: Member, key: str | None) -> str | None:
    return f"port:{member.here().id}:registrations" if member.can("interests.view") else None


@on("registration:new", "registration:accepted", "registration:markedAsSpam")
def show_registrations(event: Event) -> None:
    live.refresh(f"port:{event.port_id}:registrations", target="#main")


@on("registration:new")
def tell_of_registration(event: Event) -> None:
    """Whoever may act on it."""
    details = details_of(event)
    if event.port_id is None or not details:
        return
    registration = db.session.get(Registration, event.subject_id)
    if registration is None:
        return
    for user_id in holders_of("interests.edit", event.port_id):
        with written_for(user_id, event.port_id) as slug:
            title = _("%(name)s looks for a berth", name=details["client_name"])
            link = f"/{slug}/registrations#registration-{registration.number}"
            notify(user_id, "new_registration", event=event, title=title, link=link)


tells(
    "registration:new",
    lazy_gettext("registered on the public page"),
    icon="log-in",
    tone="ok",
    personal=("client_name",),
)
tells("registration:accepted", lazy_gettext("accepted the registration"), icon="check", tone="ok")
tells("registration:markedAsSpam", lazy_gettext("marked the registration as spam"), icon="circle-x", tone="warn")
families("registration", lazy_gettext("Registrations"))
