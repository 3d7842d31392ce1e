"""Words that nobody has any more are taken out of the search."""

from __future__ import annotations

from sqlalchemy import text

from ..db import db
from ..jobs import Steps, job

UNUSED = text("SELECT search_unused(:limit)")
FORGET = text("SELECT search_forget(:words)")
# Looking for them reads every word of the port; taking some away holds up who writes words.
FOUND_AT_ONCE, FORGOTTEN_AT_ONCE = 20_000, 200


@job(queue="maintenance", in_steps=True)
def forget_words(steps: Steps) -> None:
    """As far as nobody is writing words meanwhile; what is left then is taken the next night."""
    while forget_some(steps):
        pass


def forget_some(steps: Steps) -> bool:
    """Whether there may be more."""
    with steps.step():
        words = list(db.session.scalars(UNUSED, {"limit": FOUND_AT_ONCE}))
    for start in range(0, len(words), FORGOTTEN_AT_ONCE):
        some = words[start : start + FORGOTTEN_AT_ONCE]
        with steps.step():
            if not db.session.scalar(FORGET, {"words": some}):
                return False
            steps.advance(len(some))
    return len(words) == FOUND_AT_ONCE
