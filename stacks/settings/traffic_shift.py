"""Ways to shift events from one version of a function to the next, as a setting names them."""

import re
from dataclasses import dataclass

MAX_MINUTES = 2880
"""CodeDeploy gives up after two days."""

_CUSTOM = re.compile(r"(canary|linear):([1-9][0-9]?)%/([1-9][0-9]*)m")


@dataclass(frozen=True, slots=True)
class Shift:
    """`percent` of the events go to the new version first.

    `canary`: the others follow after `minutes`. `linear`: as many more every `minutes`, until all
    do. `all-at-once`: all, after the trial.
    """

    kind: str
    percent: int
    minutes: int

    @property
    def lasts(self) -> int:
        """Minutes until all events go to the new version."""
        rounds = -(-100 // self.percent) - 1 if self.kind == "linear" else 1
        return rounds * self.minutes

    @property
    def predefined(self) -> str | None:
        """The name of CodeDeploy's own configuration for this, if it has one."""
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
"""CodeDeploy's own configurations for Lambda, by name."""

_NAMES = {shift: name for name, shift in PREDEFINED.items()}


def parse(value: str) -> Shift | None:
    """Return what `value` names; None for `off`.

    Raises ValueError, with the choice, when it names nothing that CodeDeploy can do.
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
    if shift.lasts > MAX_MINUTES:
        raise ValueError(f"takes {shift.lasts} minutes; CodeDeploy gives up after {MAX_MINUTES}")
    return shift
