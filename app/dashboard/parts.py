"""The parts of the dashboard, in their order: who may see each, and what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..current import Member
from .queries import moves_of, pipeline_of, registrations_of, reminders_of, standing_of, tenures_of


@dataclass(frozen=True)
class Part:
    """`find`: what `dashboard/_<name>.html` shows, in one statement; `topic`: what the page follows for it."""

    name: str
    permissions: tuple[str, ...]
    find: Callable[[Member], Any]
    topic: str = "dashboard"

    def is_for(self, member: Member) -> bool:
        return any(map(member.can, self.permissions))


PARTS = (
    Part("standing", ("berths.view",), lambda member: standing_of(member.here())),
    Part("pipeline", ("interests.view",), lambda member: pipeline_of(member.here()), topic="pipeline"),
    Part("moves", ("berths.view",), lambda member: moves_of(member.here())),
    Part("registrations", ("interests.view",), registrations_of, topic="registrations"),
    Part("reminders", ("reminders.view_own", "reminders.view_all"), reminders_of, topic="reminders"),
    Part("tenures", ("berths.view",), lambda member: tenures_of(member.here())),
)
