"""The scratchpad: a private page of text for each person in a port, seen by nobody else and told of by no event."""
