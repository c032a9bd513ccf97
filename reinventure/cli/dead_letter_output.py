"""Dead letters, for a person or as JSON for a program."""

from reinventure.aws.dead_letters import DeadLetter
from reinventure.cli.time_output import utc
from reinventure.printable import printable, printable_json

_MAX_KEYS = 5
"""Keys of a dead letter that a person sees."""


def dead_letter_lines(letter: DeadLetter) -> str:
    """Return `letter` for a person, in three lines: id, time and function; reason; keys."""
    keys = ", ".join(map(printable, letter.keys[:_MAX_KEYS])) or "none that can be read"
    more = f" and {len(letter.keys) - _MAX_KEYS} more" if len(letter.keys) > _MAX_KEYS else ""
    return (
        f"{letter.id}  {utc(letter.failed_at)}  {printable(letter.where)}\n"
        f"  why:  {printable(letter.reason)}\n"
        f"  keys: {keys}{more}"
    )


def dead_letter_json(letter: DeadLetter) -> str:
    """Return `letter` as one line of JSON, with the event that failed."""
    return printable_json(
        {
            "id": letter.id,
            "failed_at": letter.failed_at.isoformat(),
            "where": letter.where,
            "reason": letter.reason,
            "keys": letter.keys,
            "payload": letter.payload,
        }
    )
