"""Saved views: what a list was narrowed to, how it was ordered and which columns it showed, under a name.

A list says once what it has (`Listing`) and takes the addresses for its views with `keeps_views()`.
"""
