"""The port's rules for the status of a berth, at work: by itself, after asking, or not at all."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from ...admin.models import BerthStatus, Mode, StatusRule, Trigger, settings_of
from ...db import db, now
from ...events.models import Actor
from ...identity.models import current_port_of
from .berth import Berth
from .suggestion import StatusSuggestion

# How far a berth has gone. What happens to an interest takes it on, never back: who signs for a berth that is sold by
# now does not make it one under offer.
CHAIN = {status: at for at, status in enumerate((BerthStatus.UNDER_OFFER, BerthStatus.RESERVED, BerthStatus.SOLD), 1)}
ONWARD = frozenset(
    {
        Trigger.INTEREST_LINKED,
        Trigger.EOI_SIGNED,
        Trigger.DEPOSIT_RECEIVED,
        Trigger.CONTRACT_SIGNED,
        Trigger.SALE_COMPLETED,
    }
)
# What sets a berth free says something only where it stands so.
FREES = {
    Trigger.INTEREST_LOST: (BerthStatus.UNDER_OFFER, BerthStatus.RESERVED),
    Trigger.MAINTENANCE_CLOSED: (BerthStatus.MAINTENANCE,),
    Trigger.TENURE_EXPIRED: (BerthStatus.SOLD,),
}


def triggered(trigger: Trigger, berth: Berth, *, by: Actor, because: str = "", goes_back: bool = False) -> None:
    """Do what the port's rule for it says; nothing where that would change nothing, or the berth is put away.

    `because`: what it was about, such as `Interest 1042`; kept with the berth, so no words of a client. `goes_back`: a
    berth that had gone further, which somebody is asked about where the rule does not switch it off.
    """
    rule = next(rule for rule in _rules_of(berth.port_id) if rule.trigger == trigger)
    if rule.mode == Mode.OFF:
        return
    # Those who come at once take turns, and see what the one before did.
    read = ("status", "status_before", "archived_at", "version")
    db.session.refresh(berth, read, with_for_update={"key_share": True})
    to = _target(rule, berth)
    if berth.is_archived or to == berth.status or not (goes_back or _says_something(trigger, berth.status, to)):
        return
    if rule.mode == Mode.AUTO and not goes_back:
        berth.change_status(to, by=by, triggered_by=trigger, note=because)
    else:
        suggest(berth, to, trigger, by=by, because=because)


def suggest(berth: Berth, to: BerthStatus, trigger: Trigger, *, by: Actor, because: str = "") -> None:
    """Ask somebody to give the berth that status; nothing where it is asked already."""
    of = {"port_id": berth.port_id, "berth_id": berth.id}
    asked = {**of, "trigger": trigger, "status": to, "because": because[:200], "created_at": now()}
    added = insert(StatusSuggestion).values(**asked).on_conflict_do_nothing().returning(StatusSuggestion.id)
    if db.session.scalar(added) is not None:
        berth.record("statusSuggested", by=by, name=berth.code, status=to, trigger=trigger, because=because)


def take(suggestion: StatusSuggestion, berth: Berth, *, by: Actor) -> bool:
    """Give the berth the suggested status. Raises Refused for a berth that is put away."""
    to, trigger = BerthStatus(suggestion.status), suggestion.trigger
    return berth.change_status(to, by=by, triggered_by=trigger, note=suggestion.because)


def dismiss(suggestion: StatusSuggestion, berth: Berth, *, by: Actor) -> None:
    """Leave the status as it is, and ask no more until the trigger comes again."""
    status, trigger, because = suggestion.status, suggestion.trigger, suggestion.because
    db.session.delete(suggestion)
    berth.record("suggestionDismissed", by=by, name=berth.code, status=status, trigger=trigger, because=because)


def suggestions_of(berth: Berth) -> list[StatusSuggestion]:
    """Those nobody has decided, the latest first."""
    found = select(StatusSuggestion).where(
        StatusSuggestion.port_id == berth.port_id, StatusSuggestion.berth_id == berth.id
    )
    return list(db.session.scalars(found.order_by(StatusSuggestion.created_at.desc(), StatusSuggestion.id)))


def _rules_of(port_id: uuid.UUID) -> tuple[StatusRule, ...]:
    return settings_of(current_port_of(port_id)).berth_status_rules


def _target(rule: StatusRule, berth: Berth) -> BerthStatus:
    """What was repaired is again what it was before, where that is known."""
    if rule.trigger == Trigger.MAINTENANCE_CLOSED and berth.status_before:
        return BerthStatus(berth.status_before)
    return rule.target_status


def _says_something(trigger: Trigger, status: str, to: BerthStatus) -> bool:
    if trigger in ONWARD and to in CHAIN:
        return CHAIN[to] > CHAIN.get(BerthStatus(status), 0)
    return trigger not in FREES or status in FREES[trigger]


__all__ = ["Trigger", "dismiss", "suggest", "suggestions_of", "take", "triggered"]
