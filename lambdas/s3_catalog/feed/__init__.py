"""The change feed: a message for each change of an object."""
