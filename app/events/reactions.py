"""Which functions follow which event. A module's own `reactions.py` fills this; the relay calls `react()`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from .models import Event
from .registry import EVENTS

Reaction = Callable[[Event], None]

_reactions: defaultdict[str, list[Reaction]] = defaultdict(list)


def on(*names: str) -> Callable[[Reaction], Reaction]:
    """Run the function after each event of these names, in the relay, for the event's port.

    It must bear running twice, and lets errors rise so that it is tried again. Raises KeyError for a name
    that is not in the registry.
    """
    for name in names:
        if name not in EVENTS:
            raise KeyError(name)

    def register(reaction: Reaction) -> Reaction:
        for name in names:
            _reactions[name].append(reaction)
        return reaction

    return register


def react(event: Event) -> None:
    """Run everything that follows the event, in the order of registration."""
    for reaction in _reactions.get(event.name, ()):
        reaction(event)
