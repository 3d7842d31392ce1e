"""Waiting lists: who gets a berth when one comes free, and why in this order."""
