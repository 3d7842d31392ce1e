from .recurrence import Repeat, Unrepeatable
from .reminder import Priority, Reminder

__all__ = ["Priority", "Reminder", "Repeat", "Unrepeatable"]
