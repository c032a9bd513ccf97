"""What the description of an alarm says: what is wrong, a command, and where more is written."""

from reinventure.contract import RUNBOOK


def alarm_description(what: str, command: str, section: str) -> str:
    """Return a description: a clause that says `what` is wrong, the first `command`, and a link.

    `section` is the heading of the runbook's section. `reinventure status` shows clause and
    command. A notification of the alarm has all of it.
    """
    return f"{what}: `{command}`. {RUNBOOK}#{section.lower().replace(' ', '-')}"
