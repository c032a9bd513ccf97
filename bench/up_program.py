"""The command `reinventure up`, with its files in another folder than a person's local cloud.

python -m bench.up_program FOLDER
"""

import sys
from pathlib import Path

from reinventure import cli
from reinventure.local import cloud


def main() -> None:
    """Start a cloud in the folder, or find it there."""
    # Before the command imports it.
    cloud.LOCAL = Path(sys.argv[1])
    sys.argv = ["reinventure", "up"]
    cli.main()


if __name__ == "__main__":
    main()
