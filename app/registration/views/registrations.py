"""What came in from the public page: looked at, accepted or put away."""

from __future__ import annotations

from flask import url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from ...admin.models import settings_of
from ...current import member
from ...web import find_or_404, go, page, requires, said
from ..models import Registration
from ..queries import by_number, filters_of, registration_page
from . import bp

PLACE = "/<port>/registrations"


def locked(number: int) -> Registration:
    return find_or_404(by_number(member, number).with_for_update(of=Registration))


@bp.get(PLACE)
@requires("interests.view")
def index() -> ResponseReturnValue:
    filters = filters_of()
    return page(
        "registration/index.html",
        follow=["registrations"],
        registrations=registration_page(member, filters[0].value),
        filters=filters,
        chosen=filters[0].value,
        is_open=settings_of(member.here()).registration_open,
    )


@bp.post(f"{PLACE}/<int:number>/acceptance")
@requires("interests.edit")
def create_acceptance(number: int) -> ResponseReturnValue:
    found = locked(number)
    if found.accept(by=member):
        said(_("Accepted"))
    return go("registration.index")


@bp.post(f"{PLACE}/<int:number>/spam")
@requires("interests.edit")
def create_spam(number: int) -> ResponseReturnValue:
    found = locked(number)
    if found.mark_as_spam(by=member):
        said(_("Marked as spam"), undo_url=url_for("registration.destroy_spam", number=number, _method="DELETE"))
    return go("registration.index")


@bp.delete(f"{PLACE}/<int:number>/spam")
@requires("interests.edit")
def destroy_spam(number: int) -> ResponseReturnValue:
    """Meant after all: its client comes back."""
    found = locked(number)
    if found.accept(by=member):
        said(_("Accepted"))
    return go("registration.index")
