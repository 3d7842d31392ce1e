"""Clients who look like one: how much, and finding them."""
