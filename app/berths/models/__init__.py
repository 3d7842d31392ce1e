from ...admin.models import BerthStatus
from .berth import Berth, MooringKind, PricePeriod, Side, Tenure
from .dock import Dock
from .fit import Fit, Margin, fit
from .harbour import Harbour
from .occupancy import Occupancy, OccupancyKind, OccupancyState, Overlap
from .place import Place, Taken
from .suggestion import StatusSuggestion

__all__ = [
    "Berth",
    "BerthStatus",
    "Dock",
    "Fit",
    "Harbour",
    "Margin",
    "MooringKind",
    "Occupancy",
    "OccupancyKind",
    "OccupancyState",
    "Overlap",
    "Place",
    "PricePeriod",
    "Side",
    "StatusSuggestion",
    "Taken",
    "Tenure",
    "fit",
]
