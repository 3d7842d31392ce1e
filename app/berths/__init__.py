"""Berths: harbours, the docks in them, and the places where boats lie."""
