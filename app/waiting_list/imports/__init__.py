"""The waiting list of a marina out of a file."""
