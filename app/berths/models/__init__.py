from ...admin.models import BerthStatus
from .berth import Berth, MooringKind, PricePeriod, Side, Tenure
from .dock import Dock
from .harbour import Harbour
from .place import Place, Taken

__all__ = [
    "Berth",
    "BerthStatus",
    "Dock",
    "Harbour",
    "MooringKind",
    "Place",
    "PricePeriod",
    "Side",
    "Taken",
    "Tenure",
]
