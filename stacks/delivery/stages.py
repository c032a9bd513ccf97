"""The stages of the pipeline, in order, for an account and for `make pipeline`."""

from dataclasses import dataclass

SHIP = "make ship"
"""The beginning of commands that deploy: the stacks named, or else those of the catalog."""

REPORTS = "reports"
"""The folder to which `make test` writes junit.xml and coverage.xml."""

PACKAGES = "make packages"
"""Leaves the folder from which later stages install, without a network."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Commands that run in order. The first that fails ends the execution.

    All are targets of the Makefile, so that a person can run them.
    """

    name: str
    commands: tuple[str, ...]


STAGES = (
    Stage(
        "Build",
        ("make mariadb", "make lint", f"make test REPORTS={REPORTS}", "make synth", PACKAGES),
    ),
    # The pipeline itself comes first: if it changes, it restarts with the newest commit.
    Stage("Update", (f"{SHIP} STACKS=Delivery",)),
    Stage("Deploy", (SHIP,)),
    Stage("Smoke", ("make smoke",)),
    Stage("Publish", (f"{SHIP} STACKS=Portfolio",)),
)
