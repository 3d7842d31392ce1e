from .entry import PriorityClass, WaitingEntry, WaitingStatus
from .event import WaitingEvent
from .waiting_list import AfterNo, Order, Unofferable, WaitingList

__all__ = [
    "AfterNo",
    "Order",
    "PriorityClass",
    "Unofferable",
    "WaitingEntry",
    "WaitingEvent",
    "WaitingList",
    "WaitingStatus",
]
