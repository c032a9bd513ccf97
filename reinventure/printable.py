"""Text from outside, such as an object key, made safe to print on a terminal."""

import json
import re

_UNPRINTABLE = re.compile(
    "["
    r"\x00-\x1f\x7f-\x9f\u2028\u2029"  # Control characters and separators of lines.
    r"\ud800-\udfff"  # Half a character: bytes of the command line that are not UTF-8.
    # Default_Ignorable_Code_Point of Unicode (DerivedCoreProperties.txt): without a glyph of their
    # own, such as zero-width spaces, overrides of the writing direction, and tags.
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    r"\ufff9-\ufffb"  # Interlinear annotations.
    "]"
)


def printable(text: str) -> str:
    r"""Return `text` with control and invisible characters spelled out: a line feed is `\n`.

    An object key may hold any character. One that moves the cursor, colours the screen, turns the
    writing direction or has no glyph could make a listing show what is not there.
    """
    return _UNPRINTABLE.sub(lambda match: match.group().encode("unicode_escape").decode(), text)


def printable_json(value: object) -> str:
    r"""Return `value` as one line of JSON, safe to print.

    Other scripts and emoji stay; characters that `printable` spells out are escaped as `\u009b`,
    which is the same value for a parser.
    """
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: json.dumps(match.group())[1:-1], text)
