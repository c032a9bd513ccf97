"""The parts of a deployed catalog and the ways between them, from the outputs of its stacks."""

from dataclasses import dataclass
from enum import Enum

from reinventure.contract import CatalogOutputs, InspectionOutputs, SqlOutputs
from s3_catalog.model.scope import Scope

MAX_BUCKETS = 5
"""Buckets that have a part of their own."""

EVENTS_QUEUE = "events"
"""Id of the queue that `ingest` receives from."""

_EVENTBRIDGE = ("eventbridge", "EventBridge")
_TRANSPORTS = {
    "sqs": (EVENTS_QUEUE, "queue"),
    "sns": (EVENTS_QUEUE, "topic, queue"),
    "eventbridge": _EVENTBRIDGE,
}
"""What is between a bucket and `ingest`, by the setting `transport`: id and title of its part.

With the transport `lambda` there is nothing."""


class Kind(Enum):
    """What a part is: the style sheet draws each in its way."""

    BUCKET = "bucket"
    TRANSPORT = "transport"
    FUNCTION = "function"
    TABLE = "table"
    FEED = "feed"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the system, `rank` steps from the buckets.

    `off` is the setting that would deploy it, None for a part that is deployed. `failures`: it has
    a dead-letter queue. `bucket` is the name of the bucket that it is.
    """

    id: str
    title: str
    kind: Kind
    rank: int
    off: str | None = None
    failures: bool = False
    bucket: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from the part with the id `start` to the one with the id `end`."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class SystemMap:
    """The parts, by rank, and the ways between them."""

    parts: tuple[Part, ...]
    edges: tuple[Edge, ...]

    def steps_of(self, bucket: str) -> list[list[Edge]]:
        """Return the ways that a change of `bucket` takes to the change feed, step by step.

        From the table it goes to `totals` and `publish` at the same time.
        """
        at = next((part.id for part in self.parts if part.bucket == bucket), _MORE)
        steps = list[list[Edge]]()
        while at != "feed":
            steps.append([edge for edge in self.edges if edge.start == at])
            at = steps[-1][-1].end
        return steps


_MORE = "bucket-more"
"""Id of the part of all buckets that have none of their own."""


def bucket_ids(scope: Scope, own: str | None) -> dict[str, str]:
    """Return the ids of the parts of buckets, by the bucket's name; `own` is the first."""
    names = sorted(scope.buckets, key=lambda name: name != own)
    shown = names if len(names) <= MAX_BUCKETS else names[: MAX_BUCKETS - 1]
    return {name: f"bucket-{number}" for number, name in enumerate(shown)}


def system_map(
    outputs: CatalogOutputs,
    scope: Scope,
    inspection: InspectionOutputs | None,
    mirror: SqlOutputs | None,
) -> SystemMap:
    """Return the map of the stacks with these outputs; None for one that is not deployed."""
    ids = bucket_ids(scope, outputs.bucket_name)
    parts = [Part(part_id, name, Kind.BUCKET, 0, bucket=name) for name, part_id in ids.items()]
    if rest := len(scope.buckets) - len(ids):
        parts.append(Part(_MORE, f"{rest:,} more buckets", Kind.BUCKET, 0))
    ways = dict[str, str]()
    edges = list[Edge]()
    for part in parts:
        # Attached buckets send through EventBridge, whatever the transport is.
        own = part.id != _MORE and part.bucket == outputs.bucket_name
        way = _TRANSPORTS.get(outputs.event_transport or "lambda") if own else _EVENTBRIDGE
        ways |= dict([way] if way else [])
        edges.append(Edge(part.id, way[0] if way else "ingest"))
    parts += [Part(way, title, Kind.TRANSPORT, 1) for way, title in ways.items()]
    edges += [Edge(way, "ingest") for way in ways]
    rank = 2 if ways else 1
    parts += [
        Part("ingest", "ingest", Kind.FUNCTION, rank, failures=True),
        Part("table", "table", Kind.TABLE, rank + 1),
        Part("totals", "totals", Kind.FUNCTION, rank + 2, failures=True),
        Part("publish", "publish", Kind.FUNCTION, rank + 2, failures=True),
        Part("feed", "change feed", Kind.FEED, rank + 3),
        *_inspection(inspection, rank + 4),
        *_mirror(mirror, rank + 4),
    ]
    edges += [
        Edge("ingest", "table"),
        Edge("table", "totals"),
        Edge("table", "publish"),
        Edge("publish", "feed"),
        *(Edge("feed", part.id) for part in parts if part.rank == rank + 4),
    ]
    return SystemMap(tuple(parts), tuple(edges))


def _inspection(outputs: InspectionOutputs | None, rank: int) -> list[Part]:
    if outputs is None:
        return [Part("inspect", "inspection", Kind.FUNCTION, rank, off="workers")]
    return [
        Part("inspect", "inspect", Kind.FUNCTION, rank, failures=True),
        Part("worker", "workers", Kind.FUNCTION, rank, failures=True),
    ]


def _mirror(outputs: SqlOutputs | None, rank: int) -> list[Part]:
    if outputs is None:
        return [Part("mirror", "SQL mirror", Kind.DATABASE, rank, off="sql")]
    return [Part("mirror", "SQL mirror", Kind.DATABASE, rank, failures=True)]
