"""Handing out the records of a list in a file: at once, or by a job where they are many."""
