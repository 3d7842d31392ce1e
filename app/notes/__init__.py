"""Notes: what people write down about a record, and the colleagues they name in it."""
