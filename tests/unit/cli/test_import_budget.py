"""What the command imports before there is something to do: counted, for time varies."""

import json
import os
import subprocess
import sys

import pytest

from tests.assembly import ROOT

PROGRAM = """
import json, sys
from reinventure.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("option", "printed", "most"),
    [("--help", "duplicates", 400), ("--version", "reinventure ", 300)],
)
def test_help_and_version_import_no_library_of_aws(option: str, printed: str, most: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, option],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'lambdas'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed in done.stdout
    modules = json.loads(done.stderr.splitlines()[-1])
    libraries = {"boto3", "botocore", "s3transfer", "urllib3", "aws_cdk", "jsii", "ministack"}
    libraries |= {"anyio", "hypercorn", "starlette"}
    assert not {name for name in modules if name.split(".")[0] in {*libraries, "pydantic"}}
    # Each was 450 and more when the module of every command was imported.
    assert len(modules) < most
