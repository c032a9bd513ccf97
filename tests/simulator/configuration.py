"""A model of the notification configuration of a bucket: raw XML, and no conditional write.

Each write replaces the whole document in S3, with what others have written meanwhile.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

from tests.simulator.clock import Clock
from tests.simulator.network import Network
from tests.simulator.violation import Violation

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
SWITCH = "EventBridgeConfiguration"

DELAY = timedelta(minutes=5)
"""EventBridge gets no event of a bucket in the first minutes after its switch was turned on."""

_KINDS = {
    "Queue": "",
    "Topic": "",
    "CloudFunction": (
        "<Filter><S3Key><FilterRule><Name>prefix</Name><Value>in &amp; out/</Value></FilterRule>"
        "</S3Key></Filter>"
    ),
    "Stream": '<Window unit="s">9</Window>',
}
ENTRIES = tuple(
    f"<{kind}Configuration><Id>{{0}}</Id><{kind}>arn:aws:{{0}}</{kind}>"
    f"<Event>s3:ObjectCreated:*</Event>{more}</{kind}Configuration>"
    for kind, more in _KINDS.items()
)
"""Entries of others; the last one is of a kind that no SDK has."""


def document(entries: tuple[str, ...], *, on: bool) -> bytes:
    """Return a configuration with `entries`, as XML, and with EventBridge `on` or off."""
    content = "".join(entries) + f"<{SWITCH}/>" * on
    root = "NotificationConfiguration"
    return f'<{root} xmlns="{XMLNS}">{content}</{root}>'.encode()


class Configuration:
    """The configuration of a bucket. `others` is the number of writes of others so far."""

    def __init__(self, now: datetime, *, on: bool) -> None:
        self.others = 0
        self.on = False
        self.entries: tuple[str, ...] = ()
        self._effective = now
        self.put(document((ENTRIES[3].format("first"), ENTRIES[0].format("second")), on=on), now)
        self._effective = now

    def put(self, content: bytes, now: datetime) -> None:
        """Replace the configuration. S3 keeps it in another order and form."""
        self.content = _as_s3_keeps_it(content)
        was, (self.entries, self.on) = self.on, parsed(content)
        if self.on and not was:
            self._effective = now + DELAY

    def sends(self, now: datetime) -> bool:
        """Return whether EventBridge gets the events of changes at `now`."""
        return self.on and now >= self._effective


def parsed(content: bytes) -> tuple[tuple[str, ...], bool]:
    """Return the entries of others in a configuration, in any order, and whether it is on."""
    root = ET.fromstring(content)  # noqa: S314 (the tests' own)
    if root.tag != f"{{{XMLNS}}}NotificationConfiguration":
        raise Violation(f"not a configuration: {content!r}")
    entries, on = list[str](), False
    for element in root:
        if element.tag == f"{{{XMLNS}}}{SWITCH}":
            on = True
        else:
            element.tail = None
            text = ET.tostring(element, encoding="unicode")
            entries.append(ET.canonicalize(text, strip_text=True))
    return tuple(sorted(entries)), on


def _as_s3_keeps_it(content: bytes) -> bytes:
    root = ET.fromstring(content)  # noqa: S314 (the tests' own)
    root[:] = reversed(list(root))
    ET.register_namespace("", XMLNS)
    text = ET.tostring(root, encoding="unicode").replace("><", ">\n<")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()


class OtherWriter:
    """Another writer of a configuration, who reads, changes and writes, as AWS's tools do."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._read: tuple[tuple[str, ...], bool] | None = None

    def read(self) -> None:
        """Read the configuration, for the next write."""
        self._read = self._configuration.entries, self._configuration.on

    def write(self, change: int, now: datetime) -> None:
        """Write what was read, or is there now, with the `change` of that number."""
        if self._read is None:
            self.read()
        assert self._read
        entries, on = self._read
        self._read = None
        name = f"n{self._configuration.others}"
        match change % 5:
            case 0:
                entries = (*entries, ENTRIES[change // 5 % len(ENTRIES)].format(name))
            case 1:
                entries = entries[1:]
            case 2:
                entries = (ENTRIES[change // 5 % len(ENTRIES)].format(name),)
            case 3:
                on = False
            case _:
                on = True
        self._configuration.others += 1
        self._configuration.put(document(entries, on=on), now)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the last reading had, and how many writes of others there had been."""

    entries: tuple[str, ...]
    on: bool
    others: int


class ConfigurationClient:
    """S3's client as far as notification configurations go; it calls hooks as botocore does.

    Others may act before and after each request. A write of ours may lose a write of others that
    came after our last reading, and no other: each write is what the last reading had, with
    nothing but the switch turned.
    """

    def __init__(
        self,
        configurations: dict[str, Configuration],
        network: Network,
        clock: Clock,
        seen: Counter[str],
    ) -> None:
        self.meta = SimpleNamespace(events=SimpleNamespace(register=self._register))
        self.reading: _Reading | None = None
        """The last one, until the next write."""
        self.sent = self.done = 0
        """Writes that were sent, and those that had their effect."""
        self._configurations = configurations
        self._network = network
        self._clock = clock
        self._seen = seen
        self._hooks: dict[str, Callable[..., None]] = {}

    def _register(self, event: str, hook: Callable[..., None]) -> None:
        self._hooks[event] = hook

    def get_bucket_location(self, *, Bucket: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Return the region."""
        place = Bucket, ""
        return self._network.request("configuration", place, lambda: {"LocationConstraint": None})

    def get_bucket_notification_configuration(self, *, Bucket: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Give the hook the document."""
        found = self._configurations[Bucket]

        def get() -> bytes:
            self.reading = _Reading(found.entries, found.on, found.others)
            return found.content

        content = self._network.request("configuration", (Bucket, ""), get)
        self._hooks["before-parse.s3.GetBucketNotificationConfiguration"](
            response_dict={"body": content}
        )
        return {}

    def put_bucket_notification_configuration(self, *, Bucket: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Replace the configuration by the document of the hook."""
        request: dict[str, Any] = {}
        self._hooks["before-call.s3.PutBucketNotificationConfiguration"](params=request)
        body, read, found = request["body"], self.reading, self._configurations[Bucket]
        entries, on = parsed(body)
        if read is None or entries != read.entries or on == read.on:
            raise Violation(f"{Bucket}: {read} became {body!r}")
        self.reading = None
        self.sent += 1

        def put() -> dict[str, Any]:
            if found.entries != entries:
                if found.others == read.others:
                    raise Violation(f"{Bucket}: {body!r} lost one of {found.entries}")
                when = "by a late request" if self._network.late else "during our request"
                self._seen[f"a foreign write is lost {when}"] += 1
            elif found.others != read.others:
                self._seen["a foreign write before ours that changes no entry"] += 1
            found.put(body, self._clock.now)
            self.done += 1
            return {}

        return self._network.request("configuration", (Bucket, ""), put)
