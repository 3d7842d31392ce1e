"""Two clients who are one: what is chosen, what moves, and what follows."""
