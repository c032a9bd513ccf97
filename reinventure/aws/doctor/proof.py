"""A proof, and what it finds."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws.connection import explain
from reinventure.errors import CheckFailedError


class Outcome(StrEnum):
    """The outcome of a proof."""

    WORKS = "works"
    DOES_NOT_WORK = "does not work"
    NOT_DEPLOYED = "not deployed"
    """There is nothing to prove: the settings of the deployment leave it out."""
    NOT_AVAILABLE = "not available here"
    """The emulator lacks it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of `subject`: the `outcome`, what was seen or why not, and what to do."""

    subject: str
    outcome: Outcome
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof of `subject`.

    `prove` returns what it saw, raises CheckFailedError with the reason, or botocore's ClientError
    or BotoCoreError; it undoes its changes in every case, an interruption included. `changes` says
    what it changes meanwhile. `remedy` says what to set if the check fails.
    """

    subject: str
    changes: str
    prove: Callable[[], str]
    remedy: str = ""

    def finding(self) -> Finding:
        """Make the proof. An error of AWS is a finding, too: for this caller it does not work."""
        try:
            return Finding(self.subject, Outcome.WORKS, self.prove())
        except CheckFailedError as error:
            return Finding(self.subject, Outcome.DOES_NOT_WORK, str(error), self.remedy)
        except (BotoCoreError, ClientError) as error:
            return Finding(self.subject, Outcome.DOES_NOT_WORK, explain(error))


def add_to_setting(*services: str) -> str:
    """Return the remedy for a service that does not send KMS what a condition compares."""
    return f"Add {','.join(services)} to the setting unconditional_key_use, and deploy"
