"""Words that nobody has any more are taken out of the search."""

from __future__ import annotations

from sqlalchemy import text

from ..db import db
from ..jobs import Steps, job

UNUSED = text("SELECT search_unused(:limit)")
FORGET = text("SELECT search_forget(:words)")
AT_ONCE = 200


@job(queue="maintenance", in_steps=True)
def forget_words(steps: Steps) -> None:
    """As far as nobody is writing words meanwhile; what is left then is taken the next night."""
    while forget_some(steps):
        pass


def forget_some(steps: Steps) -> bool:
    """Whether there may be more."""
    with steps.step():
        words = list(db.session.scalars(UNUSED, {"limit": AT_ONCE}))
        is_done = bool(words) and bool(db.session.scalar(FORGET, {"words": words}))
        steps.advance(len(words) if is_done else 0)
    return is_done and len(words) == AT_ONCE
