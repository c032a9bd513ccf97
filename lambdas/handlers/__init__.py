"""The Lambda functions: a thin module for each, named after its function."""
