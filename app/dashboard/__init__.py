"""The dashboard of a port: how it stands today, and what is to do."""
