"""EventBridge patterns that select the events of a scope.

A pattern has up to 2,048 characters, so a large scope needs several rules. Which entry is in which
rule must not lose events: CloudFormation changes rules in parallel, so an event of an entry that
moves from one rule to another could match neither for a while. Therefore a rule never loses an
entry that stays in the scope. A hash divides the entries in two, and again, until each part fits: a
part has the leading bits of the hash as its name, and takes whatever has these bits. When it
becomes too large, two parts with new names replace it; CloudFormation creates these first, and
deletes the old rule last. Meanwhile an event may come twice, which is idempotent.
"""

import json
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from s3_catalog.model.scope import Entry, Scope

MAX_CHARACTERS = 2048
"""Of a pattern. EventBridge's quota, which AWS raises on request."""

DETAIL_TYPES = (
    "Object Created",
    "Object Deleted",
    "Object Storage Class Changed",
    "Object Access Tier Changed",
    "Object Restore Initiated",
    "Object Restore Completed",
    "Object Restore Expired",
)
"""Every event that creates, changes or removes an object, or changes how it is stored. Deletions by
lifecycle rules are "Object Deleted" as well."""

Pattern = dict[str, Any]
"""An event pattern, ready for JSON."""


def patterns(scope: Scope) -> dict[str, Pattern]:
    """Return patterns that together match the events of every key in `scope`, and no others.

    An event matches one of them. By name: the bits of the hash that their entries have in common,
    an empty name if there is one pattern only. None for an empty scope.

    Raises ValueError, which names it, for an entry that alone exceeds `MAX_CHARACTERS`.
    """
    return _divide(scope.entries, "") if scope.entries else {}


def _divide(entries: Sequence[Entry], bits: str) -> dict[str, Pattern]:
    pattern = _pattern(entries)
    if _length(pattern) <= MAX_CHARACTERS:
        return {bits: pattern}
    if len(entries) == 1:
        raise ValueError(
            f"{str(entries[0])!r}: the prefix is too long for an EventBridge pattern, "
            f"which has up to {MAX_CHARACTERS} characters"
        )
    divided = {}
    for bit in "01":
        part = [entry for entry in entries if _hash(entry)[len(bits)] == bit]
        if part:
            divided.update(_divide(part, bits + bit))
    return divided


def _hash(entry: Entry) -> str:
    digest = blake2b(str(entry).encode(), digest_size=32).digest()
    return f"{int.from_bytes(digest, 'big'):0256b}"


def _pattern(entries: Sequence[Entry]) -> Pattern:
    prefixes: dict[str, list[str]] = {}
    for entry in entries:
        prefixes.setdefault(entry.bucket, []).append(entry.prefix)
    whole = [bucket for bucket, each in prefixes.items() if each == [""]]
    alternatives: list[Pattern] = [{"bucket": {"name": whole}}] if whole else []
    alternatives += [
        # EventBridge events have the key as it is, not URL-encoded as in notifications.
        {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": prefix} for prefix in each]}}
        for bucket, each in prefixes.items()
        if each != [""]
    ]
    return {
        "source": ["aws.s3"],
        "detail-type": list(DETAIL_TYPES),
        # With a single alternative, EventBridge would take `$or` as the name of a field.
        "detail": {"$or": alternatives} if len(alternatives) > 1 else alternatives[0],
    }


def _length(pattern: Pattern) -> int:
    # Without spaces, as CloudFormation sends it. Escaped characters count six, the most they can.
    return len(json.dumps(pattern, separators=(",", ":")))
