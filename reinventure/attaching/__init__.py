"""Attaching an existing bucket to the deployed catalog, and detaching it."""
