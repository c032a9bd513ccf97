"""The setting `buckets`: which buckets the catalog has."""

from dataclasses import dataclass

from reinventure import event_patterns
from s3_catalog.model import scope
from s3_catalog.model.scope import Scope

CREATE = "create"
"""The entry for the bucket that the stack Catalog creates."""

MAX_ATTACHED = 32
"""Attached entries. Policies of roles name them all, with a statement for each bucket that has
prefixes: inline, a role has room for 10,240 characters (IAM's quota)."""

MAX_RULES = 12
"""Rules for the attached entries, which most often need one to four. An event bus has 300 (quota),
and the policy of a queue, in which each rule has a statement, 8,192 bytes."""

MAX_BYTES = 3_000
"""Of the attached entries in UTF-8. They are an environment variable of functions, whose variables
have up to 4,096 bytes together (Lambda's quota)."""


@dataclass(frozen=True, slots=True)
class BucketList:
    """The existing buckets that are `attached`, and whether there is a bucket of its own."""

    create: bool
    attached: Scope

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        own = [CREATE] if self.create else []
        return ",".join([*own, *map(str, self.attached.entries)])


def parse(value: str) -> BucketList:
    """Return the buckets of `value`: a comma-separated list of `create`, NAME and NAME/PREFIX/.

    Raises ValueError, which names the entry, if one is invalid, named twice or part of another, and
    for more entries than the limits above.
    """
    entries = [each.strip() for each in value.split(",")]
    own = entries.count(CREATE)
    if own > 1:
        raise ValueError(f"{CREATE!r} is named twice")
    # An empty entry is an invalid name, but an empty text is a scope without entries.
    if "" in entries:
        raise ValueError(f"must be a comma-separated list of {CREATE}, NAME and NAME/PREFIX/")
    attached = scope.parse(",".join(each for each in entries if each != CREATE))
    _check_limits(attached)
    return BucketList(create=own == 1, attached=attached)


def _check_limits(attached: Scope) -> None:
    if len(attached.entries) > MAX_ATTACHED:
        raise ValueError(
            f"{len(attached.entries)} buckets and prefixes are attached, a catalog has up to "
            f"{MAX_ATTACHED}"
        )
    size = len(str(attached).encode())
    if size > MAX_BYTES:
        raise ValueError(
            f"the names of the attached buckets and prefixes have {size:,} bytes, a catalog has "
            f"room for {MAX_BYTES:,}"
        )
    rules = len(event_patterns.patterns(attached))
    if rules > MAX_RULES:
        raise ValueError(
            f"the attached buckets and prefixes need {rules} EventBridge rules, a catalog has up "
            f"to {MAX_RULES}"
        )
