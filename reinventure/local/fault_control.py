"""Faults of the local cloud: what the console and the rehearsals break, for a limited time.

A fault is on while the Parameter Store of the local cloud has a parameter for it: its value names
the target and the seconds, which count from the moment at which the emulator stored it. So a fault
ends by itself, whatever becomes of the console that began it, and IAM decides who may begin one:
no function of ours may. The emulator's patch `faults_are_parameters` reads it. In an account
nothing does, and `FaultControl` refuses every endpoint but that of this machine.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reinventure.aws.connection import config
from reinventure.errors import UserError

if TYPE_CHECKING:
    import boto3

PREFIX = "/reinventure-local-faults/"
"""Of the names of the parameters."""

MAX_SECONDS = 60
"""Longest time that a fault stays. A longer one counts as this long."""

_LOOPBACK = "127.0.0.1"


class Fault(Enum):
    """What can be broken. The value is the end of the parameter's name."""

    INGEST_FAILS = "ingest-fails"
    """The function that is the target raises an error in each invocation."""
    PROCESS_KILLED = "process-killed"
    """The process of the function that is the target is killed at its first write for an event."""
    TABLE_THROTTLED = "table-throttled"
    """The table that is the target refuses all writes, for two seconds in four."""
    EVENTS_TWICE_REVERSED = "events-twice-in-reverse"
    """The events of the target, a bucket, come twice and in reverse, two seconds' at a time."""
    EVENTS_LOST = "one-event-in-ten-lost"
    """Of the events of the target, a bucket, one in ten is not sent."""
    NOTIFICATIONS_OFF = "notifications-off"
    """The target, a bucket, sends no event."""
    DYNAMODB_UNRELIABLE = "dynamodb-unreliable"
    """In the target, a region, DynamoDB throttles three requests in ten and fails one. Every other
    one that fails has taken effect."""
    TOPIC_REFUSES = "topic-refuses"
    """The target, the ARN of a topic, takes no message."""
    QUEUE_REFUSES = "queue-refuses"
    """The target, a queue, refuses each request of a client about its messages."""
    S3_CLOCK_AHEAD = "s3-clock-an-hour-ahead"
    """Times and sequencers of the events of the target, a bucket, are an hour later."""
    S3_CLOCK_BEHIND = "s3-clock-an-hour-behind"
    """Times and sequencers of the events of the target, a bucket, are an hour earlier."""

    @property
    def parameter(self) -> str:
        """The name of its parameter."""
        return f"{PREFIX}{self.value}"


@dataclass(frozen=True, slots=True)
class Lease:
    """The time for which a fault stays, in seconds since 1970, and what it is for."""

    target: str
    begin: float
    end: float

    def holds(self, target: str, now: float) -> bool:
        """Whether the fault is on for `target`."""
        return self.target == target and self.begin <= now < self.end


def lease(value: str, stored: float) -> Lease | None:
    """Return the lease of a parameter with this `value`, `stored` at this second since 1970.

    None if the value is not one that `FaultControl` writes: then no fault is on.
    """
    try:
        found = json.loads(value)
        seconds = min(float(found["seconds"]), MAX_SECONDS)
        return Lease(str(found["target"]), stored, stored + seconds)
    except (ValueError, KeyError, TypeError):
        return None


def is_local_cloud(session: "boto3.Session") -> bool:
    """Whether `session` uses a cloud on this machine, and not an account."""
    # Where the parameters would be written.
    endpoint = session.client("ssm", config=config()).meta.endpoint_url
    return urlsplit(endpoint).hostname == _LOOPBACK


class FaultControl:
    """Begins and ends faults in the cloud of `session`. Methods raise botocore's errors.

    Raises UserError for anything but the local cloud.
    """

    def __init__(self, session: "boto3.Session") -> None:
        if not is_local_cloud(session):
            raise UserError("faults are for the local cloud alone")
        self._client = session.client("ssm", config=config())

    def begin(self, fault: Fault, target: str, seconds: int) -> datetime:
        """Switch `fault` on for `target`, a name, and return when it ends by itself."""
        now = datetime.now(UTC)
        self._client.put_parameter(
            Name=fault.parameter,
            Value=json.dumps({"target": target, "seconds": seconds}),
            Type="String",
            Overwrite=True,
        )
        return now + timedelta(seconds=min(seconds, MAX_SECONDS))

    def end(self, *faults: Fault) -> None:
        """Switch `faults` off, or all without one; those that are off stay off."""
        self._client.delete_parameters(Names=[each.parameter for each in faults or Fault])

    def on(self, now: datetime) -> Mapping[Fault, Lease]:
        """Return the faults that are on."""
        reply = self._client.get_parameters(Names=[each.parameter for each in Fault])
        found = {each["Name"]: each for each in reply["Parameters"]}
        leases = {
            fault: lease(parameter["Value"], parameter["LastModifiedDate"].timestamp())
            for fault in Fault
            if (parameter := found.get(fault.parameter))
        }
        return {
            fault: each
            for fault, each in leases.items()
            if each and each.holds(each.target, now.timestamp())
        }
