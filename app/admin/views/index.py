"""What there is to look after, each with a figure."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from ...current import member
from ...navigation import ADMIN_LEAVES, admin_links
from ...web import page, requires
from ..onboarding import steps_of
from ..queries import cards_of
from . import bp


@bp.get("")
@requires(*ADMIN_LEAVES)
def index() -> ResponseReturnValue:
    steps = steps_of(member) if member.can("admin.manage_settings") else None
    return page(
        "admin/index.html",
        follow=["administration"],
        cards=cards_of(member, admin_links()),
        steps=None if steps is None or steps.is_over else steps,
    )
