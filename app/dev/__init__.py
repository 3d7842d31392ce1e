"""What stands in for the services of a real installation on one machine: `make run`, tests and benches."""
