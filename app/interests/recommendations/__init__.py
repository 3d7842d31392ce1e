"""Which berths suit an interest: scored, with reasons, kept up to date as berths change."""
