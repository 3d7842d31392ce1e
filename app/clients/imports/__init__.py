"""Clients out of a file: its columns, what each row would do, mending rows, letting them in."""
