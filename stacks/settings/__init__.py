"""The settings of the app, and the parsers of single settings."""
