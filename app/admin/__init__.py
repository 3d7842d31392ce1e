"""Administration: what a port settles for itself, its tags, and where to find the rest."""
