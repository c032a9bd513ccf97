"""Judging a new version of `ingest`: before events reach it, and after they did."""
