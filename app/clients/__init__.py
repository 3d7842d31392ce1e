"""Clients: the people and companies who hold berths, how to reach them, and what was noted about them."""
