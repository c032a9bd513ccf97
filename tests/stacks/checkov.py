"""checkov's findings in templates. It runs in an environment of its own, without a network."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.assembly import ROOT
from tests.stacks.findings import Finding, Scanner, construct_paths

CHECKOV = Scanner(("CKV_", "CKV2_"))

_PROGRAM = ROOT / ".local" / "checkov" / "bin" / "checkov"


def checkov(templates: Iterable[Path]) -> set[Finding]:
    """Return what checkov finds in `templates`. Raises FileNotFoundError if it is not installed."""
    if not _PROGRAM.exists():
        raise FileNotFoundError(f"{_PROGRAM} is missing. Install it with: make setup")
    files = list(templates)
    done = subprocess.run(
        [
            str(_PROGRAM),
            *("--framework", "cloudformation", "--skip-download", "--quiet", "--compact"),
            *("--output", "json", "--file"),
            *map(str, files),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    # 1: it found something.
    assert done.returncode in {0, 1}, done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    paths = {str(file.resolve()): construct_paths(file) for file in files}
    return {
        Finding(
            failed["check_id"],
            paths[failed["file_abs_path"]][failed["resource"].rpartition(".")[2]],
        )
        for failed in report["results"]["failed_checks"]
    }
