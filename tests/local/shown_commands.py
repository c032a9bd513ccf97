"""Commands in docs/buckets.md with their output, to be run and compared."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "buckets.md"

PROMPT = "[y/N]: "
"""The end of a question."""

_SHAPES = (
    (r"/\S+\.xml", "FILE"),
    (r"create,[^\s\"]+", "BUCKETS"),
    (r"s3://\S*", "URL"),
    (r"arn:[^\s,]+", "ARN"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ|not yet known|not yet", "TIME"),
    (r"[\d.,]+ (bytes|[kMG]B)", "SIZE"),
    (r" (-|[\d.]+ s|\d+ minutes?) ", " LAG "),
    (r"\d[\d,]*", "NUMBER"),
    (r", NUMBER of them corrected", ""),
    (r" +", " "),
    (r"(?m)^ ", ""),
)
"""What differs from run to run, and a word for it, one after the other."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A command, `reinventure` with `arguments`, and the `output` that a document shows.

    A line that ends with `PROMPT` has the answer as well.
    """

    arguments: list[str]
    output: str

    @property
    def answer(self) -> str:
        """What was typed at the question, an empty text if there is none."""
        _, _, rest = self.output.partition(PROMPT)
        return rest.partition("\n")[0]


def shown(section: str) -> list[Shown]:
    """Return the commands of this project in a `section` of the page."""
    _, _, after = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")
    blocks = re.findall(
        r"^```console\n(.*?)^```$", after.partition("\n## ")[0], re.MULTILINE | re.DOTALL
    )
    assert blocks, f"no ```console in section {section!r}"
    commands = []
    for each in re.split(r"^\$ ", "".join(blocks), flags=re.MULTILINE)[1:]:
        line, _, output = each.partition("\n")
        name, *arguments = shlex.split(line, comments=True)
        if name == "reinventure":
            commands.append(Shown(arguments, output))
    return commands


def shape(text: str) -> str:
    """Return `text` without names, numbers and times."""
    for pattern, word in _SHAPES:
        text = re.sub(pattern, word, text)
    return text
