"""The harbour map: a plan of each harbour, drawn from its docks and berths."""
