"""Vessels: whose they are, how large, and whether their papers are in order."""
