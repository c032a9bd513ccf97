"""Dead letters, for a person or as JSON for a program."""

from reinventure.aws.dead_letters import DeadLetter
from reinventure.cli.time_output import utc
from reinventure.printable import printable, printable_json

_MAX_KEYS = 5
"""Keys of a dead letter that a person sees."""


def dead_letter_lines(letter: DeadLetter) -> str:
    """Return `letter` for a person: id, time and function; reason; keys; a sender not trusted."""
    keys = ", ".join(map(printable, letter.keys[:_MAX_KEYS])) or "none that can be read"
    more = f" and {len(letter.keys) - _MAX_KEYS} more" if len(letter.keys) > _MAX_KEYS else ""
    untrusted = "" if letter.function else f"\n  {printable(letter.refusal or '')}"
    return (
        f"{letter.id}  {utc(letter.failed_at)}  {letter.function or letter.queue.function}\n"
        f"  why:  {printable(letter.reason)}\n"
        f"  keys: {keys}{more}{untrusted}"
    )


def dead_letter_json(letter: DeadLetter) -> str:
    """Return `letter` as one line of JSON, with the event that failed."""
    return printable_json(
        {
            "id": letter.id,
            "failed_at": letter.failed_at.isoformat(),
            "function": letter.function or letter.queue.function,
            "sender": letter.sender,
            "trusted": letter.function is not None,
            "where": letter.where,
            "reason": letter.reason,
            "keys": letter.keys,
            "payload": letter.payload,
        }
    )
