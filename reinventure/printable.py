"""Text from outside, such as an object key, made safe to print on a terminal."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Return `text` with control characters spelled out, such as a line feed as `\n`.

    An object key may hold any character. One that moves the cursor, colours the screen or turns
    the writing direction could make a listing show what is not there.
    """
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode(), text)
