"""What the pipeline does with a commit, in order: in an account, and rehearsed on this machine."""

from dataclasses import dataclass

SHIP = "make ship"
"""What a command begins with that deploys stacks of the assembly: those named, or a catalog's."""

REPORTS = "reports"
"""Where `make test` leaves junit.xml and coverage.xml."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Commands that run one after the other, until one fails, which ends the execution.

    All of them are targets of the Makefile, so that a person can do what the pipeline does.
    """

    name: str
    commands: tuple[str, ...]


STAGES = (
    Stage("Build", ("make mariadb", "make lint", f"make test REPORTS={REPORTS}", "make synth")),
    # The pipeline itself comes first: if that changes, the newest commit starts again there.
    Stage("Update", (f"{SHIP} STACKS=Delivery",)),
    Stage("Deploy", (SHIP,)),
    Stage("Smoke", ("make smoke",)),
    Stage("Publish", (f"{SHIP} STACKS=Portfolio",)),
)
