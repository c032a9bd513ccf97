"""`make release`: record the product as it was just synthesised, as the next version."""

import re
import sys
from pathlib import Path

from .released_versions import FOLDER, release

_CODE = re.compile(r"([0-9a-f]{64})\.zip")


def main(assembly: Path) -> None:
    """Release the product in the cloud assembly `assembly`, and print the next step."""
    [path] = assembly.glob("*.product.template.json")
    template = path.read_text()
    named = set(_CODE.findall(template))
    code = {f"{name}.zip": assembly / f"asset.{name}" for name in named}
    version = release(template, code)
    print(
        f"Version {version.number} of the product is in {FOLDER.name}/. Commit it: the pipeline, "
        "or `cdk deploy Portfolio`, offers what is committed."
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
