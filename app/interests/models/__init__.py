from .deposit import Deposit
from .follow_ups import follow_up
from .interest import Interest, Outcome, Source
from .lead import LeadCategory
from .note import InterestMention, InterestNote
from .sale import Misfit, begin_tenure, extend_hold, hold, hold_of, release_hold, take_over
from .stages import STAGES, Missing, Stage, StageChange
from .tagging import InterestTag

__all__ = [
    "STAGES",
    "Deposit",
    "Interest",
    "InterestMention",
    "InterestNote",
    "InterestTag",
    "LeadCategory",
    "Misfit",
    "Missing",
    "Outcome",
    "Source",
    "Stage",
    "StageChange",
    "begin_tenure",
    "extend_hold",
    "follow_up",
    "hold",
    "hold_of",
    "release_hold",
    "take_over",
]
