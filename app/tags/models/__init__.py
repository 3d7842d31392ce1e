"""Tag, and that a record carries one."""

from .tag import COLOURS, USES, Tag, Taken, uses
from .tagging import Tagging, tag_called

__all__ = ["COLOURS", "USES", "Tag", "Tagging", "Taken", "tag_called", "uses"]
