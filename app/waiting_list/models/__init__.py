from .entry import PriorityClass, WaitingEntry, WaitingEvent, WaitingStatus
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
