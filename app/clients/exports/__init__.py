"""Clients into a file: its columns and headings, the three kinds of it, writing many in a job."""
