"""The context of an invocation, as far as the handlers use it."""

from typing import Protocol


class Context(Protocol):
    """The second argument of a handler."""

    @property
    def invoked_function_arn(self) -> str:
        """The ARN that was invoked."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the invocation."""
