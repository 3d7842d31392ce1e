"""The API for programs: JSON, signed in with a token."""
