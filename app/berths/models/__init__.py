from ...admin.models import BerthStatus
from .absence import Absence
from .berth import Berth, MooringKind, PricePeriod, Side, Tenure
from .dock import Dock
from .fit import Fit, Margin, clearances_of, fit, size_of
from .harbour import Harbour
from .harbour_plan import HarbourPlan
from .maintenance import MaintenanceEntry
from .occupancy import Occupancy
from .occupancy_kind import OccupancyKind, OccupancyState
from .overlap import Overlap
from .own_place import OwnPlace, Position, lay, position_of
from .place import Place, Taken
from .relocation import relocate
from .sighting import Outcome, Sighting
from .suggestion import StatusSuggestion
from .tagging import BerthTag
from .tenure import TenureReminder, TenureStep

__all__ = [
    "Absence",
    "Berth",
    "BerthStatus",
    "BerthTag",
    "Dock",
    "Fit",
    "Harbour",
    "HarbourPlan",
    "MaintenanceEntry",
    "Margin",
    "MooringKind",
    "Occupancy",
    "OccupancyKind",
    "OccupancyState",
    "Outcome",
    "Overlap",
    "OwnPlace",
    "Place",
    "Position",
    "PricePeriod",
    "Side",
    "Sighting",
    "StatusSuggestion",
    "Taken",
    "Tenure",
    "TenureReminder",
    "TenureStep",
    "clearances_of",
    "fit",
    "lay",
    "position_of",
    "relocate",
    "size_of",
]
