"""The pages of the documentation, and the commands that they show.

A block of commands has a comment before it: `<!-- run: FILE -->`, the test that runs it, or
`<!-- not run: REASON -->`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

README = ROOT / "README.md"

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>(?:not )?run: [^\n]+) -->\n)?"
    r"^```(?P<language>sh|bash|console)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """Commands that `page` shows from its `line` on.

    Those in `console` begin with `$ `, and the lines after each are its output.
    """

    page: Path
    line: int
    heading: str
    """That of its section, empty before the first."""
    language: str
    body: str
    run_by: str
    """Path of the test that runs them, or empty."""
    reason: str
    """Why no test runs them, or empty."""

    @property
    def commands(self) -> list[tuple[str, str]]:
        """The commands with the output of each. Those without `$ ` are one, without output."""
        if self.language != "console":
            return [(self.body, "")]
        shown = re.split(r"^\$ ", self.body, flags=re.MULTILINE)[1:]
        parts = (each.partition("\n") for each in shown)
        return [(command, output) for command, _, output in parts]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Return the pages of the site: README.md, and those below docs/."""
    return [README, *sorted((ROOT / "docs").rglob("*.md"))]


def blocks() -> list[Block]:
    """Return all blocks of commands."""
    return [block for page in pages() for block in _blocks(page)]


def blocks_run_by(test: str) -> list[Block]:
    """Return the blocks whose comment names the file `test`, an absolute path."""
    name = Path(test).relative_to(ROOT).as_posix()
    return [block for block in blocks() if block.run_by == name]


def _blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for block in _BLOCK.finditer(text):
        mark, _, rest = (block["mark"] or "").partition(": ")
        headings = _HEADING.findall(text, 0, block.start())
        found.append(
            Block(
                page=page,
                line=text.count("\n", 0, block.start("language")) + 1,
                heading=headings[-1] if headings else "",
                language=block["language"],
                body=block["body"],
                run_by=rest if mark == "run" else "",
                reason=rest if mark == "not run" else "",
            )
        )
    return found
