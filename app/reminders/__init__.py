"""Reminders: what somebody has to do at a time, and of whom or what it is."""
