"""Measurements of this project beside others, run by hand."""
