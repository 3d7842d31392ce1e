"""Prices: lists of what berths cost, and which line of them gives the price of a berth."""
