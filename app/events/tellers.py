"""How the log tells of what the core itself records."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from ..current import Member
from .subjects import Shown, families, subjects
from .timeline import tells

families("auth", lazy_gettext("Signing in"))
families("permission", lazy_gettext("Permissions"))
families("data", lazy_gettext("Data"))
families("email", lazy_gettext("E-mail"))
families("system", lazy_gettext("System"))


tells("auth:login", lazy_gettext("signed in"), icon="log-in", tone="ok", personal=("email",))
tells("auth:logout", lazy_gettext("signed out"), icon="log-out")
tells("auth:failed", lazy_gettext("refused a sign-in as %(email)s"), icon="key-round", tone="warn", personal=("email",))
tells(
    "permission:denied",
    lazy_gettext("was refused: that needs the permission %(permission)s"),
    icon="circle-x",
    tone="warn",
)


# How many of what left the house, in words, by what lists call it.
COUNTED: dict[str, Callable[[int], str]] = {}


@tells("data:exported", icon="download", tone="info")
def _exported(details: Mapping[str, Any]) -> str:
    what, count = details.get("what", ""), details.get("count", "")
    if what == "audit":
        return _("exported %(count)s entries of the audit log", count=count)
    if what == "client":
        return _("put an archive together of everything held about this client")
    if what in COUNTED:
        return _("exported %(many)s", many=COUNTED[what](int(count)))
    return _("exported %(count)s rows (%(what)s)", count=count, what=what)


@tells("system:jobFailed", icon="triangle-alert", tone="bad")
def _job_failed(details: Mapping[str, Any]) -> str:
    values = {name: details.get(name, "") for name in ("queue", "error")}
    return _("gave a job of the queue %(queue)s up: %(error)s", **values)


tells("system:alert", lazy_gettext("raised an alert: %(text)s"), icon="triangle-alert", tone="bad")


@subjects("sign_in", lazy_gettext("Sign-in"))
def _attempts(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    """What was typed: for those who see every account."""
    return dict.fromkeys(ids, Shown("", is_open=member.is_super_admin))


@subjects("job", lazy_gettext("Job"))
def _jobs(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    return dict.fromkeys(ids, Shown(""))


@subjects("outbox", lazy_gettext("Delivery"))
def _deliveries(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    return dict.fromkeys(ids, Shown(""))
