"""`make lint` fails for a file with a secret."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.assembly import ROOT

BASELINE = ROOT / ".secrets.baseline"


def scan(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    path = folder / "settings.py"
    path.write_text(f"{line}\n")
    return subprocess.run(
        [
            *(sys.executable, "-m", "detect_secrets.pre_commit_hook"),
            *("--no-verify", "--baseline", str(BASELINE), str(path)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


# In parts, so that this file has none.
@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("token = 'ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a'", "GitHub Token"),
        ("key = 'AKIA" + "QYLPMN5HHHFPZAM2'", "AWS Access Key"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "Private Key"),
        ("pass" + "word = 'm6ft7okagglf3g'", "Secret Keyword"),
    ],
)
def test_a_secret_is_found(tmp_path: Path, line: str, kind: str) -> None:
    done = scan(tmp_path, line)
    assert done.returncode == 1
    assert f"Secret Type: {kind}" in done.stdout


def test_a_file_without_secrets_passes(tmp_path: Path) -> None:
    assert scan(tmp_path, "secret = read_secret()").returncode == 0


def test_the_baseline_accepts_no_finding() -> None:
    assert json.loads(BASELINE.read_text())["results"] == {}
