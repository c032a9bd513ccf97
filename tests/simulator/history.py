"""Histories: plain data, which can be printed, shrunk and played again."""

from dataclasses import dataclass, fields
from enum import Enum


class Action(Enum):
    """An action of a user, S3, a transport or an operator."""

    PUT = "put"
    START = "start an upload"
    COMPLETE = "complete an upload"
    DELETE = "delete"
    DELETE_VERSION = "delete version"
    DELETE_CURRENT = "delete current version"
    DELETE_MARKER = "delete marker"
    EXPIRE = "expire"
    EXPIRE_OLD = "expire an old version"
    SWITCH = "switch versioning"
    TAG = "tag"
    TRANSITION = "change the storage class"
    RESTORE = "restore"
    DELIVER = "deliver"
    DUPLICATE = "duplicate"
    FORGE = "forge an event"
    REDRIVE = "redrive"
    LOSE = "lose"
    RECONCILE = "reconcile"
    WAIT = "wait"
    ARRIVE = "let a late request arrive"
    SETTLE = "deliver everything"
    DEPLOY = "deploy another scope"
    READ_CONFIGURATION = "another writer reads the notification configuration"
    WRITE_CONFIGURATION = "another writer writes the notification configuration"


class Poison(Enum):
    """The rows with implausible sequencers that an earlier version wrote."""

    DELETED = "tombstones of forged delete markers"
    CREATED = "rows of forged puts"
    REPAIRED = "rows that a repair made equal to S3, under the sequencer of a forged event"


class Trouble(Enum):
    """A fault of one request of a function."""

    CRASH_BEFORE = "crash before it"
    CRASH_AFTER = "crash after it"
    REFUSED = "error, not done"
    BROKEN = "error, yet done"
    RETRIED = "done, reply lost, sent again"
    LATE = "time-out, done later"
    STATEMENT = "one statement of the batch fails"
    BEFORE = "others act before it"
    AFTER = "others act after it"
    STORM = "the object is overwritten during each lookup"


@dataclass(frozen=True, slots=True)
class Fault:
    """Trouble with request number `call` of an invocation, and the actions `meanwhile`."""

    trouble: Trouble
    call: int = 0
    detail: int = 0
    meanwhile: "tuple[Step, ...]" = ()

    def __str__(self) -> str:
        return f"[request {self.call}: {self.trouble.value}{_list(self.meanwhile)}/{self.detail}]"


@dataclass(frozen=True, slots=True)
class Step:
    """One action. Its numbers choose among what exists at that time, so any history can be played.

    `bucket` and `key` are numbers of a bucket and a key; `pick` chooses a version, message or
    duration, and the spelling of an event; `count` is a number of messages; the meaning of `flag`
    depends on the action; `offset` is the difference between the function's clock and S3's, in
    minutes (of 59 seconds: with the deviation of event times it is at most five minutes).
    """

    action: Action
    bucket: int = 0
    key: int = 0
    pick: int = 0
    count: int = 1
    flag: bool = False
    offset: int = 0
    faults: tuple[Fault, ...] = ()

    def __str__(self) -> str:
        values = [
            f"{field.name}={getattr(self, field.name)}"
            for field in fields(self)
            if field.name not in {"action", "faults"} and getattr(self, field.name) != field.default
        ]
        return " ".join([self.action.value, *values, *map(str, self.faults)])


@dataclass(frozen=True, slots=True)
class Setup:
    """The circumstances of a history.

    `transport` is an index of `tests.simulator.delivery.TRANSPORTS`. S3's clock is `s3_clock`
    minutes ahead. S3 orders uploads by their start if `by_start`, otherwise by their end. TTL takes
    `ttl_lag` days. `size` is the number of statements in a batch. At first the keys have rows as
    `poison` says, if set. The transport delivers `in_order`, but for what it retries. Events bear
    `exact_times` of S3's clock. The bucket is reconciled midway only if `repairing`: it would hide
    other errors.
    """

    transport: int = 0
    versioned: bool = False
    by_start: bool = False
    s3_clock: int = 0
    ttl_lag: int = 0
    keys: int = 1
    size: int = 25
    poison: Poison | None = None
    in_order: bool = False
    exact_times: bool = False
    repairing: bool = False
    scope: int = 0
    moving: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """Circumstances and steps."""

    setup: Setup
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.setup}\n" + "".join(f"  {step}\n" for step in self.steps)


def _list(steps: tuple[Step, ...]) -> str:
    return f" ({'; '.join(map(str, steps))})" if steps else ""
