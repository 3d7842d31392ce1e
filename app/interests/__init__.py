"""Interests: who wants a berth, from the enquiry to the completed sale."""
