"""A look at one part of a deployed catalog, and what it sees."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws.connection import explain
from s3_catalog.exceptions import CatalogError


class State(StrEnum):
    """The state of a part."""

    FINE = "fine"
    WRONG = "wrong"
    NOT_SEEN = "could not look"
    """AWS refused to answer: a missing permission, most often."""


@dataclass(frozen=True, slots=True)
class Check:
    """The `state` of the part `subject`, and what was seen there, or why nothing was.

    `since` is when it went wrong, None if that is not known. `remedy` is a command that fixes it,
    or that shows what to fix.
    """

    subject: str
    state: State
    detail: str
    since: datetime | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the part `subject`: `see` returns its checks, or raises botocore's errors."""

    subject: str
    see: Callable[[], Iterable[Check]]

    def checks(self) -> list[Check]:
        """Return what is seen. A refusal of AWS is a check, too: the rest was not seen."""
        found: list[Check] = []
        try:
            found.extend(self.see())  # Those before an error stay.
        except (BotoCoreError, ClientError) as error:
            found.append(Check(self.subject, State.NOT_SEEN, explain(error)))
        except CatalogError as error:
            found.append(Check(self.subject, State.NOT_SEEN, str(error)))
        return found
