"""The rules about who may give what, and that a port keeps somebody who can manage its people."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from flask_babel import gettext as _
from sqlalchemy import text

from ...current import Member
from ...db import db
from ...errors import Refused

LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('people of ' || :port, 0))")
# Who has signed in or proved their address; an invitation that nobody took up manages nothing.
ADMINISTRATORS = text(
    "SELECT count(DISTINCT u.id) FROM users u JOIN user_port_roles x ON x.user_id = u.id JOIN roles r"
    " ON r.id = x.role_id LEFT JOIN port_role_overrides o ON o.port_id = x.port_id AND o.role_id = x.role_id"
    " WHERE x.port_id = :port AND u.is_active AND (u.email_verified_at IS NOT NULL OR u.last_login_at IS NOT NULL)"
    " AND coalesce(o.permission_overrides #> '{admin,manage_users}', r.permissions #> '{admin,manage_users}')"
    " = 'true'\\:\\:jsonb"
)


class RuleSaysNo(Refused):
    """A rule about people says no; it is shown in plain words and recorded."""


def take_turns(port_id: uuid.UUID) -> None:
    """Whoever changes people or roles of a port waits for who does already: two who check at once would both pass."""
    db.session.execute(LOCK, {"port": str(port_id)})


def keep_an_administrator(port_id: uuid.UUID) -> None:
    """After a change that may have taken the last one. Raises RuleSaysNo."""
    db.session.flush()
    if not db.session.scalar(ADMINISTRATORS, {"port": port_id}):
        raise RuleSaysNo(_("Nobody would be left who can manage people here. Give that right to somebody else first."))


def check_grant(leaves: Iterable[str], *, by: Member) -> None:
    """Nobody gives, or takes, what they do not hold. Raises RuleSaysNo."""
    missing = set(leaves) - by.permissions
    if missing:
        from ..words import leaf_words  # here, where it is said

        words = ", ".join(sorted(leaf_words(leaf) for leaf in missing)[:3])
        raise RuleSaysNo(_("You cannot give what you do not hold yourself: %(rights)s.", rights=words))
