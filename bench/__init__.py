"""How fast Quayside is, against what the same server does at the least. `python -m bench`; see README.md."""
