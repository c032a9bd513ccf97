"""The setting `canary`: how CodeDeploy shifts events to a new version of a function."""

import re
from dataclasses import dataclass

MAX_MINUTES = 2880
"""CodeDeploy's maximum for a deployment, two days."""

_CUSTOM = re.compile(r"(canary|linear):([1-9][0-9]?)%/([1-9][0-9]*)m")


@dataclass(frozen=True, slots=True)
class Shift:
    """`percent` of the events go to the new version first.

    `canary`: the rest follows after `minutes`. `linear`: as many more every `minutes`, until all
    do. `all-at-once`: all, after the pre-traffic test.
    """

    kind: str
    percent: int
    minutes: int

    @property
    def duration(self) -> int:
        """Minutes until all events go to the new version."""
        rounds = -(-100 // self.percent) - 1 if self.kind == "linear" else 1
        return rounds * self.minutes

    @property
    def predefined(self) -> str | None:
        """The name of CodeDeploy's predefined configuration for this shift, or None."""
        return _NAMES.get(self)


PREDEFINED = {
    "LambdaAllAtOnce": Shift("all-at-once", 100, 0),
    **{
        f"LambdaCanary10Percent{minutes}Minutes": Shift("canary", 10, minutes)
        for minutes in (5, 10, 15, 30)
    },
    **{
        f"LambdaLinear10PercentEvery{minutes}Minute{'s' * (minutes > 1)}": Shift(
            "linear", 10, minutes
        )
        for minutes in (1, 2, 3, 10)
    },
}
"""CodeDeploy's predefined configurations for Lambda, by name."""

_NAMES = {shift: name for name, shift in PREDEFINED.items()}


def parse(value: str) -> Shift | None:
    """Return the shift that `value` names; None for `off`.

    Raises ValueError, with the choice, for a value that CodeDeploy does not support.
    """
    if value == "off":
        return None
    if value in PREDEFINED:
        return PREDEFINED[value]
    custom = _CUSTOM.fullmatch(value)
    if not custom:
        raise ValueError(
            f"must be off, canary:PERCENT%/MINUTESm, linear:PERCENT%/MINUTESm, "
            f"or one of {', '.join(PREDEFINED)}"
        )
    shift = Shift(custom[1], int(custom[2]), int(custom[3]))
    if shift.duration > MAX_MINUTES:
        raise ValueError(f"takes {shift.duration} minutes; CodeDeploy allows {MAX_MINUTES}")
    return shift
