"""The pages of docs/reference."""

from pathlib import Path

from tests.assembly import ROOT
from tests.reference import command_line, messages, outputs, permissions, settings

FOLDER = ROOT / "docs" / "reference"


def pages(assembly: Path) -> dict[str, str]:
    """Return the text of each page by the name of its file, for the templates in `assembly`."""
    return {
        "command-line.md": command_line.page(),
        "settings.md": settings.page(),
        "outputs.md": outputs.page(),
        "messages.md": messages.page(assembly),
        "permissions.md": permissions.page(assembly),
    }
