"""What a simulation finds."""


class Violation(AssertionError):  # noqa: N818  (not an error of the simulator)
    """An invariant does not hold."""
