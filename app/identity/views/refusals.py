"""When a rule about people says no: recorded apart, then said in plain words."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import request

from ...current import member
from ...db import begin
from ...web import record_apart
from ..models import RuleSaysNo

View = TypeVar("View", bound=Callable[..., Any])


def keep(refusal: RuleSaysNo) -> None:
    """Undo what was begun and record the refusal; what follows can read again."""
    port = member.here()
    record_apart(
        "user:changeRefused",
        by=member,
        subject_type="user",
        subject_id=member.id,
        port_id=port.id,
        reason=refusal.text,
        endpoint=request.endpoint or "",
    )
    begin(port_id=port.id, user_id=member.id, scope="staff")


def recording_refusals(view: View) -> View:
    @wraps(view)
    def run(*args: Any, **values: Any) -> Any:
        try:
            return view(*args, **values)
        except RuleSaysNo as refusal:
            keep(refusal)
            raise

    return cast(View, run)
