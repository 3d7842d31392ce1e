"""The topics of the dashboard, and what happens to berths and stays on open ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import formats, live
from ..current import CurrentPort, Member
from ..events.models import Event
from ..events.reactions import on
from ..events.registry import EVENTS
from ..identity.models import current_port_of
from .queries import moves_of, pipeline_of, standing_of, tenures_of

ABOUT_BERTHS = tuple(name for name in EVENTS if name.startswith(("berth:", "occupancy:")))
# By these the stages of the pipeline get other numbers or values; of changed fields only by VALUES.
MOVES = ("created", "stageChanged", "lost", "withdrawn", "reopened", "archived", "restored")
CHANGES = ("interest:updated", "interest:reverted")
VALUES = {"expected_value", "currency"}
# What depends on nobody who looks.
SHARED: dict[str, Callable[[CurrentPort], Any]] = {
    "standing": standing_of,
    "moves": moves_of,
    "tenures": tenures_of,
}


@live.topic("dashboard")
def dashboard_topic(member: Member, key: str | None) -> str | None:
    """The parts about berths; the others follow topics of their own."""
    return f"port:{member.here().id}:dashboard" if member.can("berths.view") else None


@live.topic("pipeline")
def pipeline_topic(member: Member, key: str | None) -> str | None:
    return f"port:{member.here().id}:pipeline" if member.can("interests.view") else None


@on(*(f"interest:{happened}" for happened in MOVES), *CHANGES)
def show_pipeline(event: Event) -> None:
    if event.port_id is None or (event.name in CHANGES and VALUES.isdisjoint(event.changed_fields)):
        return
    port, room = current_port_of(event.port_id), f"port:{event.port_id}:pipeline"
    with formats.use(port):
        part = pipeline_of(port)
        live.replace(room, "dashboard/_pipeline.html", target="dashboard-pipeline", part=part, port=port)


@on(*ABOUT_BERTHS)
def show_parts(event: Event) -> None:
    if event.port_id is None:
        return
    port, room = current_port_of(event.port_id), f"port:{event.port_id}:dashboard"
    with formats.use(port):
        for name, find in SHARED.items():
            live.replace(room, f"dashboard/_{name}.html", target=f"dashboard-{name}", part=find(port), port=port)
