"""The checklist of a new port: worked out from what is there, never ticked off by hand."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, url_for
from flask_babel import gettext as _
from sqlalchemy import exists, func, select

from ..clients.models import Client
from ..current import Member
from ..db import db
from ..identity.models import UserPortRole
from .models import settings_of


@dataclass(frozen=True)
class Step:
    key: str
    label: str
    text: str
    url: str | None
    is_done: bool


@dataclass(frozen=True)
class Steps:
    steps: list[Step]
    is_dismissed: bool

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def is_complete(self) -> bool:
        return self.done == len(self.steps)

    @property
    def is_over(self) -> bool:
        """Nothing is left to show on the overview."""
        return self.is_dismissed or self.is_complete


def steps_of(member: Member) -> Steps:
    """One statement: colleagues and clients; the rest came with the member."""
    port = member.here()
    settings = settings_of(port)
    people = select(func.count(UserPortRole.user_id.distinct())).where(UserPortRole.port_id == port.id)
    clients = exists().where(Client.port_id == port.id)
    row = db.session.execute(select(people.scalar_subquery().label("people"), clients.label("clients"))).one()
    found = [
        Step(
            "place",
            _("Name and place"),
            _("What the port is called, its zone and currency."),
            _port_page(member),
            bool(port.name and port.timezone and port.country),
        ),
        Step(
            "branding",
            _("Logo and colours"),
            _("They stand on documents, mail and the portal."),
            _port_page(member),
            bool(port.branding),
        ),
        Step(
            "hours",
            _("Business hours"),
            _("Deadlines run while the port is open."),
            _settings("hours"),
            "business_hours" in port.settings,
        ),
        Step(
            "holidays",
            _("Holidays"),
            _("Days on which the port is closed."),
            _settings("hours", "holidays"),
            bool(settings.holidays),
        ),
        Step(
            "numbering",
            _("Invoice numbers"),
            _("How the first invoice will be numbered."),
            _settings("money"),
            "invoice_numbering" in port.settings,
        ),
        Step(
            "tax",
            _("Tax rates"),
            _("What a line of an invoice is charged."),
            _settings("money", "rates"),
            bool(settings.tax.rates),
        ),
        Step(
            "people",
            _("Colleagues"),
            _("Invite who works here; each with the roles they need."),
            _page("identity.index_users"),
            row.people > 1,
        ),
        Step(
            "mfa",
            _("Second factor"),
            _("Require it of the roles that can do harm."),
            _settings("security"),
            bool(settings.mfa_required_roles),
        ),
        Step(
            "clients",
            _("First clients"),
            _("Import a contact file, or add them one by one."),
            _page("clients.new_import") if member.can("admin.import_data") else None,
            row.clients,
        ),
    ]
    return Steps(found, settings.onboarding_dismissed)


def _settings(group: str, anchor: str | None = None) -> str:
    return url_for("admin.edit_settings", group=group, _anchor=anchor)


def _port_page(member: Member) -> str | None:
    return _page("identity.edit_port")


def _page(endpoint: str) -> str | None:
    """The address of a page another module brings; None where it does not."""
    return url_for(endpoint) if endpoint in current_app.view_functions else None
