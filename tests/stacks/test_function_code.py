"""Each group of functions is deployed with its own code and nothing else."""

import ast
import shutil
from pathlib import Path

import aws_cdk as cdk
import pytest

from stacks.constructs import function_code
from stacks.constructs.function_code import GROUPS, LAMBDAS


def assets(folder: Path) -> dict[str, cdk.aws_s3_assets.Asset]:
    """The asset of each group, of the code in function_code.LAMBDAS."""
    stack = cdk.Stack(cdk.App(outdir=str(folder)), "Stack")
    return {
        name: function_code.function_code(stack, min(group.handlers))
        for name, group in GROUPS.items()
    }


def test_every_handler_is_in_one_group() -> None:
    handlers = {path.stem for path in (LAMBDAS / "handlers").glob("*.py")}
    grouped = [name for group in GROUPS.values() for name in group.handlers]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) <= handlers
    entries = {
        path.stem
        for path in (LAMBDAS / "handlers").glob("*.py")
        if "_context: object" in path.read_text() or "context: Context" in path.read_text()
    }
    assert entries == set(grouped)


def test_every_handler_has_an_environment() -> None:
    folder = LAMBDAS / "s3_catalog" / "environment"
    records = {path.stem for path in folder.glob("*_environment.py")}
    handlers = {name for group in GROUPS.values() for name in group.handlers}
    assert records == {f"{name}_environment" for name in handlers | {"worker"}}


def imported(module: Path) -> set[str]:
    """The modules of ours that `module` imports, those for the type checker alone included."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return {name for name in names if name.split(".")[0] in ("handlers", "s3_catalog")}


@pytest.mark.parametrize("name", GROUPS)
def test_an_asset_has_every_module_that_its_handlers_import(name: str, tmp_path: Path) -> None:
    folder = tmp_path / assets(tmp_path)[name].asset_path
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    group = GROUPS[name]
    assert {f"handlers/{handler}.py" for handler in group.handlers} <= files
    assert {Path(file).suffix for file in files} == (
        {".py", ".sql"} if name == "sql_mirror" else {".py"}
    )
    for path in folder.rglob("*.py"):
        for module in imported(path):
            file = module.replace(".", "/")
            if (LAMBDAS / f"{file}.py").exists():
                assert f"{file}.py" in files, f"{path.name} imports {module}"


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The hash of each group's asset, of the code as it is."""
    return {
        name: asset.asset_hash for name, asset in assets(tmp_path_factory.mktemp("cdk.out")).items()
    }


@pytest.mark.parametrize(
    ("changed", "groups"),
    [
        ("handlers/ingest.py", {"catalog"}),
        ("handlers/event_switch.py", {"attachment"}),
        ("s3_catalog/attachment/matching_rules.py", {"attachment"}),
        ("handlers/inspect.py", {"inspection"}),
        ("s3_catalog/inspection/source.py", {"inspection"}),
        ("handlers/mirror.py", {"sql_mirror"}),
        ("s3_catalog/sql_mirror/migrations/0001_states.sql", {"sql_mirror"}),
        ("handlers/pre_traffic.py", {"rollout"}),
        ("s3_catalog/environment/ingest_environment.py", {"catalog"}),
        ("s3_catalog/environment/inspect_environment.py", {"inspection"}),
        ("s3_catalog/environment/mirror_environment.py", {"sql_mirror"}),
        ("s3_catalog/environment/post_traffic_environment.py", {"rollout"}),
        ("s3_catalog/environment/worker_environment.py", set()),
        ("s3_catalog/environment/variables.py", set(GROUPS)),
        ("handlers/batch_reply.py", set(GROUPS)),
        ("s3_catalog/rollout/comparison.py", {"rollout"}),
        ("s3_catalog/totals/tally.py", {"catalog"}),
        ("s3_catalog/model/row.py", set(GROUPS)),
    ],
)
def test_a_change_gives_a_new_version_to_its_own_group_only(
    changed: str,
    groups: set[str],
    unchanged: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy = tmp_path / "lambdas"
    shutil.copytree(LAMBDAS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(function_code, "LAMBDAS", copy)
    with (copy / changed).open("a") as file:
        file.write("\n-- changed\n" if changed.endswith(".sql") else "\n# changed\n")
    after = {name: asset.asset_hash for name, asset in assets(tmp_path / "after").items()}
    assert {name for name in GROUPS if after[name] != unchanged[name]} == groups
