"""Names of general purpose buckets, by the rules of the S3 User Guide (November 2026)."""

import re

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}")

_RESERVED = ("amzn-s3-demo-", "sthree-", "xn--")

_OTHERS = {
    "--x-s3": "a directory bucket",
    "--xa-s3": "an access point of a directory bucket",
    "--table-s3": "a table bucket",
    "-s3alias": "an access point",
    "--ol-s3": "an Object Lambda access point",
    ".mrap": "a multi-Region access point",
}
"""What a name with such an end belongs to. None of them sends events of objects."""


def check(name: str) -> str:
    """Return `name` if it can be the name of a general purpose bucket.

    Names from before 2018 with capital letters, underscores or more than 63 characters are not
    accepted: S3 has withdrawn them, and not every API takes them.

    Raises ValueError otherwise; the message is the reason, without the name.
    """
    for end, kind in _OTHERS.items():
        if name.endswith(end):
            raise ValueError(f"is the name of {kind}, not of a general purpose bucket")
    if not _NAME.fullmatch(name):
        raise ValueError(
            "a bucket name has 3 to 63 lower-case letters, digits, dots and hyphens, "
            "and begins and ends with a letter or digit"
        )
    if ".." in name or _ADDRESS.fullmatch(name):
        raise ValueError("a bucket name has no two dots in a row and is no IP address")
    for beginning in _RESERVED:
        if name.startswith(beginning):
            raise ValueError(f"S3 reserves bucket names that begin with {beginning}")
    return name
