"""Errors that a person reads."""


class UserError(Exception):
    """Something that the user can mend. The message says what is wrong, where, and what to do."""
