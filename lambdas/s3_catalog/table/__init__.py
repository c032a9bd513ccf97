"""The catalog's table: the write rule, batches, queries."""
