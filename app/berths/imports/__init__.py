"""Berths out of a file, with the harbours and docks they lie in."""
