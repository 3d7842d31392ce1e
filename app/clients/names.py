"""How the names of clients sort."""

from ..sorting import sort_name

__all__ = ["sort_name"]
