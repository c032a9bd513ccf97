"""Write docs/reference from the code: `python -m tests.reference`."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.assembly import ROOT
from tests.reference.pages import FOLDER, pages
from tests.stacks.assemblies import Assemblies


def main() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        written = pages(Assemblies(Path(folder)).everything(validate=False))
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"Wrote {FOLDER.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
