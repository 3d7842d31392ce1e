"""How the log tells of what the core itself records."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
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


@tells("auth:login", icon="log-in", tone="ok", personal=("email",))
def _signed_in(details: Mapping[str, Any]) -> str:
    return _("signed in")


@tells("auth:logout", icon="log-out")
def _signed_out(details: Mapping[str, Any]) -> str:
    return _("signed out")


@tells("auth:failed", icon="key-round", tone="warn", personal=("email",))
def _failed(details: Mapping[str, Any]) -> str:
    return _("refused a sign-in as %(email)s", email=details.get("email", ""))


@tells("auth:sessionsEnded", icon="log-out", tone="warn")
def _sessions_ended(details: Mapping[str, Any]) -> str:
    return _("ended %(count)s other sessions", count=details.get("count", ""))


@tells("user:invited", icon="user-plus", tone="info", personal=("email",))
def _invited(details: Mapping[str, Any]) -> str:
    return _("invited %(email)s", email=details.get("email", ""))


@tells("user:activated", icon="circle-check", tone="ok")
def _activated(details: Mapping[str, Any]) -> str:
    return _("let this user sign in again")


@tells("user:deactivated", icon="circle-x", tone="warn")
def _deactivated(details: Mapping[str, Any]) -> str:
    return _("deactivated this user")


@tells("user:factorsReset", icon="key-round", tone="warn")
def _factors_reset(details: Mapping[str, Any]) -> str:
    return _("removed the second factors of this user")


@tells("permission:denied", icon="circle-x", tone="warn")
def _denied(details: Mapping[str, Any]) -> str:
    return _("was refused: that needs the permission %(permission)s", permission=details.get("permission", ""))


@tells("data:exported", icon="download", tone="info")
def _exported(details: Mapping[str, Any]) -> str:
    what, count = details.get("what", ""), details.get("count", "")
    if what == "audit":
        return _("exported %(count)s entries of the audit log", count=count)
    return _("exported %(count)s rows (%(what)s)", count=count, what=what)


@tells("system:jobFailed", icon="triangle-alert", tone="bad")
def _job_failed(details: Mapping[str, Any]) -> str:
    values = {name: details.get(name, "") for name in ("queue", "error")}
    return _("gave a job of the queue %(queue)s up: %(error)s", **values)


@tells("system:alert", icon="triangle-alert", tone="bad")
def _alert(details: Mapping[str, Any]) -> str:
    return _("raised an alert: %(text)s", text=details.get("text", ""))


@subjects("sign_in", lazy_gettext("Sign-in"))
def _attempts(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    """What was typed: for those who see every account."""
    return dict.fromkeys(ids, Shown("", is_open=member.is_super_admin))


@subjects("export", lazy_gettext("Export"))
def _exports(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    return dict.fromkeys(ids, Shown(""))


@subjects("job", lazy_gettext("Job"))
def _jobs(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    return dict.fromkeys(ids, Shown(""))


@subjects("outbox", lazy_gettext("Delivery"))
def _deliveries(member: Member, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Shown]:
    return dict.fromkeys(ids, Shown(""))
