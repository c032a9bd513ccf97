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

ERRORS = {"botocore", "botocore.exceptions"}
"""The classes of botocore's errors, which the code catches. They take a few milliseconds."""


@pytest.mark.parametrize(("option", "printed"), [("--help", "duplicates"), ("--version", "0.")])
def test_help_and_version_import_no_client_of_aws(option: str, printed: str) -> None:
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
    loaded = {name for name in modules if name.split(".")[0] in libraries}
    assert {name for name in loaded if ".vendored" not in name} == ERRORS
    # 603 with boto3.
    foreign = {name for name in modules if name.split(".")[0] not in {"reinventure", "s3_catalog"}}
    assert len(foreign) < 450
