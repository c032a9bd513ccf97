"""Commands in README.md with their output, to be run and compared."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"

PROMPT = "[y/N]: "
"""The end of a question."""

_SHAPES = (
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

    A line `...` of the output stands for any number of lines. A line that ends with `PROMPT` has
    the answer as well.
    """

    arguments: list[str]
    output: str

    @property
    def answer(self) -> str:
        """What was typed at the question, an empty text if there is none."""
        _, _, rest = self.output.partition(PROMPT)
        return rest.partition("\n")[0]

    def has_shape_of(self, output: str) -> bool:
        """Return whether `output` is what is shown, except for names, numbers and times."""
        lines = (
            r"(.*\n)*" if line == "..." else f"{re.escape(line)}\n"
            for line in _shape(self.output).splitlines()
        )
        return bool(re.fullmatch("".join(lines), _shape(output)))


def shown(section: str) -> list[Shown]:
    """Return the commands of README.md in its `section`."""
    _, _, after = README.read_text(encoding="utf-8").partition(f"\n## {section}\n")
    found = re.search(r"^```console\n(.*?)^```$", after, re.MULTILINE | re.DOTALL)
    assert found, f"no ```console in section {section!r}"
    commands = []
    for each in re.split(r"^\$ ", found[1], flags=re.MULTILINE)[1:]:
        line, _, output = each.partition("\n")
        name, *arguments = shlex.split(line, comments=True)
        assert name == "reinventure"
        commands.append(Shown(arguments, output))
    return commands


def _shape(text: str) -> str:
    for pattern, word in _SHAPES:
        text = re.sub(pattern, word, text)
    return text
