"""The environment variables of each function: one record for the handler and its construct."""
