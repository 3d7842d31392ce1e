"""Custom fields: what a port wants to know of its clients beside what every port does."""
