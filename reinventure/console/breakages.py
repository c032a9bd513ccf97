"""What can be broken on the page: in which words, for how long, and what makes it right again."""

from dataclasses import dataclass
from enum import Enum

from reinventure.local.fault_control import Fault

SECONDS = 20
"""For which a fault stays, unless it is ended before."""


class Remedy(Enum):
    """What makes the catalog equal its bucket again. The value says so to a person."""

    NONE = "By itself."
    REDRIVE = "After a redrive of what failed, or after repair."
    REPAIR = "After repair."


@dataclass(frozen=True, slots=True)
class Breakage:
    """A fault as the page shows it: the name of its button, what happens, what the rule promises.

    `promise` is a sentence on the rules of docs/correctness.md, and `rules` says which.
    """

    fault: Fault
    name: str
    happens: str
    promise: str
    rules: str
    remedy: Remedy


BREAKAGES = (
    Breakage(
        Fault.INGEST_FAILS,
        "Make ingest fail",
        "Each invocation of ingest raises an error.",
        "A delivery succeeds only if all its keys are done. Lambda tries an event three times, "
        "then it waits in the dead-letter queue: nothing disappears silently.",
        "Rule 6",
        Remedy.REDRIVE,
    ),
    Breakage(
        Fault.PROCESS_KILLED,
        "Kill the worker of ingest",
        "The process that runs ingest is killed (SIGKILL) at its first write for each event: by "
        "turns before DynamoDB has the write, and after it, before ingest has the reply.",
        "Delivery is at least once: an event whose invocation died comes again. A write that was "
        "lost is made then; one that was made is not made twice, for the event is superseded.",
        "Rules 2 and 6",
        Remedy.NONE,
    ),
    Breakage(
        Fault.TABLE_THROTTLED,
        "Throttle the table",
        "DynamoDB refuses all writes for two seconds in four, with its ThrottlingException.",
        "A refused write fails its delivery and is tried again, which is always safe: the write of "
        "an event that the row already has changes nothing.",
        "Rules 1 and 6",
        Remedy.NONE,
    ),
    Breakage(
        Fault.EVENTS_TWICE_REVERSED,
        "Deliver everything twice and in reverse",
        "S3 holds its events for two seconds, then sends the last one first, and each twice.",
        "An event is written only if it is certainly later than the row. So the order of arrival "
        "is irrelevant, and a duplicate changes nothing.",
        "Rules 1 and 2",
        Remedy.NONE,
    ),
    Breakage(
        Fault.EVENTS_LOST,
        "Drop one event in ten",
        "S3 loses one event in ten, for good. AWS promises that it does not.",
        "The next event of the key makes its row right. If none comes, reconcile compares the "
        "bucket's listing with the rows, and repairs what differs.",
        "Rule 8",
        Remedy.REPAIR,
    ),
    Breakage(
        Fault.NOTIFICATIONS_OFF,
        "Switch notifications off",
        "The bucket sends no events, as if its notification configuration were empty.",
        "Reconcile needs no event: it compares the bucket's listing with the rows, and repairs "
        "what differs, also while the bucket changes.",
        "Rule 8",
        Remedy.REPAIR,
    ),
)
"""All, in the order of the page."""

BY_FAULT = {each.fault: each for each in BREAKAGES}
"""The breakage of each fault."""
