"""Content inspection: the parts of the stack Workers."""
