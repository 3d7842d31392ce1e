"""Lists: which of their records somebody means, for what is done with many of them at once."""
