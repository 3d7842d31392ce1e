from .deposit import Deposit
from .interest import Interest, LeadCategory, Outcome, Source
from .sale import extend_hold, hold, release_hold
from .stages import STAGES, Missing, Stage, StageChange

__all__ = [
    "STAGES",
    "Deposit",
    "Interest",
    "LeadCategory",
    "Missing",
    "Outcome",
    "Source",
    "Stage",
    "StageChange",
    "extend_hold",
    "hold",
    "release_hold",
]
