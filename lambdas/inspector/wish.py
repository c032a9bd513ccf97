"""The messages that ask for a look inside an object: effective changes of the catalog."""

import json

from catalog import key as object_key


class UnreadableError(Exception):
    """A message that is no change of an object of this bucket. Says why."""


def key_in(body: str, bucket: str) -> str:
    """Return the key that the message `body` is about.

    Raises UnreadableError when it is not about an object of `bucket`.
    """
    try:
        change = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not JSON: {error}") from error
    if not isinstance(change, dict) or not isinstance(change.get("key"), str):
        raise UnreadableError("no change of the catalog: it names no key")
    if change.get("bucket") != bucket:
        raise UnreadableError(f"bucket {str(change.get('bucket'))[:200]!r} is not ours")
    try:
        return object_key.check(change["key"])
    except ValueError as error:
        raise UnreadableError(str(error)) from error
