"""Catalogs for others to launch: what the stack Portfolio consists of."""
