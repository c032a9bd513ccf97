"""What a history is made of: plain data, so that one can be printed, shrunk and played again."""

from dataclasses import dataclass, fields
from enum import Enum


class Action(Enum):
    """One thing that users, S3, a transport or an operator do."""

    PUT = "put"
    DELETE = "delete"
    DELETE_VERSION = "delete version"
    DELETE_CURRENT = "delete current version"
    DELETE_MARKER = "delete marker"
    EXPIRE = "expire"
    EXPIRE_OLD = "expire an old version"
    SWITCH = "switch versioning"
    TAG = "tag"
    DELIVER = "deliver"
    DUPLICATE = "duplicate"
    REDRIVE = "redrive"
    LOSE = "lose"
    RECONCILE = "reconcile"
    WAIT = "wait"
    ARRIVE = "let a late request arrive"
    SETTLE = "deliver everything"


class Trouble(Enum):
    """What may befall one request of a function."""

    CRASH_BEFORE = "crash before it"
    CRASH_AFTER = "crash after it"
    REFUSED = "error, not done"
    BROKEN = "error, yet done"
    RETRIED = "done, reply lost, sent again"
    LATE = "time-out, done later"
    STATEMENT = "one statement of the batch fails"
    BEFORE = "others act before it"
    AFTER = "others act after it"
    STORM = "the object is overwritten each time S3 is asked"


@dataclass(frozen=True, slots=True)
class Fault:
    """Trouble with request number `call` of an invocation; `meanwhile` is what others do."""

    trouble: Trouble
    call: int = 0
    detail: int = 0
    meanwhile: "tuple[Step, ...]" = ()

    def __str__(self) -> str:
        return f"[request {self.call}: {self.trouble.value}{_list(self.meanwhile)}/{self.detail}]"


@dataclass(frozen=True, slots=True)
class Step:
    """One action. Numbers choose among whatever there is then, so any history can be played.

    `key` is a number of a key; `pick` chooses a version, message or duration, and how an event is
    spelled; `count` is how many messages go together; `flag` is what the action makes of it;
    `offset` is, in minutes, how far the function's clock is from S3's.
    """

    action: Action
    key: int = 0
    pick: int = 0
    count: int = 1
    flag: bool = False
    offset: int = 0
    faults: tuple[Fault, ...] = ()

    def __str__(self) -> str:
        told = [
            f"{field.name}={getattr(self, field.name)}"
            for field in fields(self)
            if field.name not in {"action", "faults"} and getattr(self, field.name) != field.default
        ]
        return " ".join([self.action.value, *told, *map(str, self.faults)])


@dataclass(frozen=True, slots=True)
class Setup:
    """The circumstances of a history.

    `transport` is a number of `tests.simulator.delivery.TRANSPORTS`. `s3_clock` is how many minutes
    S3's clock is ahead. TTL takes `ttl_lag` days. `size` is the number of statements in a batch.
    Events are lost only if `lossy`, and the bucket reconciled midway only if `repairing`: either
    would hide what goes wrong without.
    """

    transport: int = 0
    versioned: bool = False
    s3_clock: int = 0
    ttl_lag: int = 0
    keys: int = 1
    size: int = 25
    lossy: bool = False
    repairing: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """Circumstances and steps."""

    setup: Setup
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.setup}\n" + "".join(f"  {step}\n" for step in self.steps)


def _list(steps: tuple[Step, ...]) -> str:
    return f" ({'; '.join(map(str, steps))})" if steps else ""
