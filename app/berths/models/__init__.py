from ...admin.models import BerthStatus
from .berth import Berth, MooringKind, PricePeriod, Side, Tenure
from .dock import Dock
from .fit import Fit, Margin, fit
from .harbour import Harbour
from .maintenance import MaintenanceEntry
from .occupancy import Occupancy, OccupancyKind, OccupancyState, Overlap
from .place import Place, Taken
from .suggestion import StatusSuggestion
from .tenure import TenureReminder, TenureStep

__all__ = [
    "Berth",
    "BerthStatus",
    "Dock",
    "Fit",
    "Harbour",
    "MaintenanceEntry",
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
    "TenureReminder",
    "TenureStep",
    "fit",
]
