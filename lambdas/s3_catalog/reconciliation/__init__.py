"""Comparing a bucket with its catalog, and repairing the catalog."""
