"""Environment variables, written by a construct and read by its function."""

from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import s3_catalog.environment
from s3_catalog.environment.ingest_environment import IngestEnvironment
from s3_catalog.environment.totals_environment import TotalsEnvironment
from s3_catalog.environment.variables import Environment
from s3_catalog.exceptions import CatalogError, EnvironmentVariableError


@dataclass(frozen=True)
class Example(Environment):
    name: str
    count: int
    flag: bool
    note: str | None = None
    limit: int | None = None


EVERY = {"NAME": "n", "COUNT": "-4", "FLAG": "false", "NOTE": "", "LIMIT": "9"}


def test_variables_become_values_of_their_types() -> None:
    assert Example.from_env(EVERY) == Example("n", -4, flag=False, note="", limit=9)


def test_a_record_survives_the_way_through_its_variables() -> None:
    record = Example("n", 0, flag=True, note=None, limit=0)
    assert record.to_env() == {"NAME": "n", "COUNT": "0", "FLAG": "true", "LIMIT": "0"}
    assert Example.from_env(record.to_env()) == record


def test_other_variables_are_ignored() -> None:
    assert Example.from_env({**EVERY, "PATH": "/bin"}) == Example.from_env(EVERY)


def test_the_default_is_the_environment_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TABLE_NAME": "t", "SHARDS": "4", "BUCKET_NAME": "b"}.items():
        monkeypatch.setenv(name, value)
    assert IngestEnvironment.from_env() == IngestEnvironment("t", 4, bucket_name="b")


@pytest.mark.parametrize("name", ["NAME", "COUNT", "FLAG"])
def test_a_missing_variable_is_an_error(name: str) -> None:
    variables = {each: value for each, value in EVERY.items() if each != name}
    with pytest.raises(EnvironmentVariableError, match=f"{name} is missing"):
        Example.from_env(variables)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("COUNT", "four", "COUNT is 'four', not a whole number"),
        ("LIMIT", "", "LIMIT is '', not a whole number"),
        ("FLAG", "True", "FLAG is 'True', not a boolean"),
    ],
)
def test_a_value_of_another_type_is_an_error(name: str, value: str, message: str) -> None:
    with pytest.raises(CatalogError, match=message):
        Example.from_env({**EVERY, name: value})


def records() -> list[Any]:
    """Each record in s3_catalog/environment/."""
    folder = Path(s3_catalog.environment.__path__[0])
    modules = [
        import_module(f"s3_catalog.environment.{path.stem}")
        for path in sorted(folder.glob("*_environment.py"))
    ]
    found = []
    for module in modules:
        [record] = [
            each
            for each in vars(module).values()
            if isinstance(each, type)
            and issubclass(each, Environment)
            and each.__module__ == module.__name__
        ]
        found.append(record)
    return found


DEPLOYED = {
    "EventSwitchCheckEnvironment": "BUCKETS BUCKET_ACCOUNT",
    "EventSwitchEnvironment": "BUCKET_PARTITION BUCKET_REGION BUCKET_ACCOUNT",
    "IngestEnvironment": "BUCKET_NAME ATTACHED_BUCKETS TABLE_NAME SHARDS",
    "InspectEnvironment": "BUCKET_NAME ATTACHED_BUCKETS TABLE_NAME SHARDS MOST_MIB",
    "MirrorEnvironment": (
        "CLUSTER_ARN SECRET_ARN READER_SECRET_ARN BUCKET_NAME AWS_ENDPOINT_URL_RDS_DATA"
    ),
    "PostTrafficEnvironment": "FUNCTION_NAME ALIAS_NAME VERSION",
    "PreTrafficEnvironment": "VERSION_ARN TABLE_NAME SHARDS KEY_ARN",
    "PublishEnvironment": "TOPIC_ARN FAILURE_QUEUE_URL WHOLE_BATCHES",
    "ReconcileEnvironment": "BUCKET_NAME ATTACHED_BUCKETS TABLE_NAME SHARDS",
    "ReconcileResultEnvironment": "TOTALS_TABLE_NAME",
    "TotalsEnvironment": "TOTALS_TABLE_NAME SHARDS TOTALS_DEPTH ONLY_SHARD",
    "WorkerEnvironment": (
        "BUCKET_NAME ATTACHED_BUCKETS TABLE_NAME SHARDS QUEUE_URL AWS_DEFAULT_REGION TMPDIR"
    ),
}
"""Names that are deployed, and stay."""


def test_the_deployed_names_stay() -> None:
    names = {
        record.__name__: " ".join(field.name.upper() for field in fields(record))
        for record in records()
    }
    assert names == DEPLOYED


def test_only_the_local_cloud_names_its_one_shard() -> None:
    assert "ONLY_SHARD" not in TotalsEnvironment("t", 4, 3).to_env()
    assert TotalsEnvironment("t", 4, 3, "local").to_env()["ONLY_SHARD"] == "local"
