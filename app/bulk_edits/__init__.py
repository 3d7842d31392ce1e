"""Changing many records of a list at once: which ones, doing it in steps, taking it back."""
