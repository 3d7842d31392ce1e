"""Change sets: what a bulk act did to each record, so that it can be taken back as a whole."""
