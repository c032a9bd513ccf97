"""cfn-lint finds nothing in the templates. One process lints all of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stacks.portfolio.released_versions import FOLDER, released
from tests.stacks.assemblies import Assemblies
from tests.stacks.conftest import VARIANTS
from tests.stacks.test_delivery import SOURCES
from tests.stacks.test_governance import VARIANTS as GOVERNED
from tests.stacks.test_portfolio import LAUNCHER

# The first test synthesises all templates and lints them: minutes, where the processors are busy.
pytestmark = pytest.mark.timeout(900)

REGIONS = ("us-east-1", "eu-west-1", "eu-central-1")

PRODUCTION = {"stage": "production"}
ALL_OF_CATALOG = {"transport": "sns", "reconcile": "nightly", "kinesis": "true"}
WORKERS = [
    {},
    {"worker_instance": "c4.large"},
    {"worker_instance": "c4.8xlarge", "ebs": "gp2-16tb-10000iops", **PRODUCTION},
    {"worker_instance": "c4.8xlarge", "ebs": "io1-20000iops"},
    {"worker_instance": "c7g.4xlarge", "ebs": "io2"},
]
DELIVERY = [
    *({"source": source} for source in SOURCES.values()),
    *({"workers": "true", "worker_instance": instance} for instance in ("c7g.large", "c4.large")),
]
LAUNCHED = {"portfolio_principal": LAUNCHER}

TEMPLATES: list[tuple[str, dict[str, str], str]] = [
    *(("catalog", each, "Catalog") for each in [*VARIANTS, {**PRODUCTION, **ALL_OF_CATALOG}]),
    *(("catalog", {"workers": "true", **each}, "Workers") for each in WORKERS),
    ("catalog", {"sql": "true"}, "Sql"),
    ("catalog", {"sql": "true", "sql_readers": "1", **PRODUCTION}, "Sql"),
    *(("governance", each, "Governance") for each in GOVERNED),
    *(("governance", each, "ConformancePack") for each in GOVERNED),
    *(("delivery", each, "Delivery") for each in DELIVERY),
    ("portfolio", LAUNCHED, "Portfolio"),
    ("portfolio", LAUNCHED, "*.product"),
    *(("released", {}, version.template.stem.removesuffix(".template")) for version in released()),
]
"""The method of `Assemblies` (or the released versions), its settings, and the template."""


def path_of(assemblies: Assemblies, made: tuple[str, dict[str, str], str]) -> Path:
    """The template of an entry of `TEMPLATES`."""
    kind, settings, name = made
    folder = FOLDER if kind == "released" else getattr(assemblies, kind)(**settings)
    [path] = folder.glob(f"{name}.template.json")
    return Path(path)


def cfn_lint(*templates: Path, regions: tuple[str, ...] = REGIONS) -> list[dict[str, Any]]:
    """What cfn-lint finds in `templates`: errors and warnings."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("cfn-lint")),
            *("--format", "json"),
            # A resource depends on a role or bucket as a whole, and so on its policies as well.
            *("--ignore-checks", "W3005"),
            *("--regions", *regions, "--"),
            *map(str, templates),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    findings: list[dict[str, Any]] = json.loads(done.stdout)
    return findings


Findings = dict[Path, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def findings(assemblies: Assemblies) -> Findings:
    """What cfn-lint finds in each of `TEMPLATES`, by path. It lints equal templates once."""
    paths = {path_of(assemblies, made) for made in TEMPLATES}
    by_content = {path.read_bytes(): path for path in sorted(paths)}
    found: Findings = {path: [] for path in by_content.values()}
    for finding in cfn_lint(*found):
        found[Path(finding["Filename"])].append(finding)
    return {path: found[by_content[path.read_bytes()]] for path in paths}


@pytest.mark.parametrize(
    "made", TEMPLATES, ids=lambda made: "-".join([made[2].strip("*."), *made[1].values()])[:60]
)
def test_cfn_lint_finds_nothing(
    assemblies: Assemblies, findings: Findings, made: tuple[str, dict[str, str], str]
) -> None:
    assert findings[path_of(assemblies, made)] == []


def test_cfn_lint_finds_an_instance_type_that_a_region_lacks(assemblies: Assemblies) -> None:
    template = assemblies.catalog(workers="true", worker_instance="c4.large")
    found = cfn_lint(template / "Workers.template.json", regions=("eu-north-1",))
    assert "c4.large" in json.dumps(found)
