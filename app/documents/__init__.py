"""Documents between the port and its clients: expressions of interest, contracts and what goes with them."""
