"""The processes in which the local cloud runs functions, and what is true of them under load."""

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from reinventure.local import cloud as clouds
from reinventure.local.cloud import Cloud
from tests.local.function_processes import MOST, counted
from tests.waiting import wait_until

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

pytestmark = pytest.mark.xdist_group("local clouds without stacks")

CODE = """
import json, os, time
from pathlib import Path
import boto3

def handler(event, _):
    if "invoke" in event:
        name, *others = event["invoke"]
        reply = boto3.client("lambda").invoke(
            FunctionName=name, Payload=json.dumps({**event, "invoke": others} if others else {})
        )
        return {"reply": json.loads(reply["Payload"].read())}
    print(*event.get("lines", []), sep="\\n", end="")
    if "begun" in event:
        Path(event["begun"]).touch()
        while not Path(event["until"]).exists():
            time.sleep(0.01)
    if "file" in event:
        with open(event["file"], "a") as file:
            file.write(event["line"] + "\\n")
    return {"process": os.getpid(), "code": os.path.realpath(__file__), "of": os.environ.get("OF")}
"""

NAMES = [f"function-{n}" for n in range(10)]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    directory = tmp_path_factory.mktemp("workers")
    cloud = clouds.start(directory)
    iam, functions = boto3.client("iam", **cloud.access), boto3.client("lambda", **cloud.access)
    role = iam.create_role(RoleName="any", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [invoke]})
    iam.put_role_policy(RoleName="any", PolicyName="any", PolicyDocument=document)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("f.py", CODE)
    for name in NAMES:
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="f.handler",
            Role=role,
            Timeout=60,
            Code={"ZipFile": packed.getvalue()},
        )
    yield cloud
    clouds.stop(directory)


@pytest.fixture(scope="module")
def functions(cloud: Cloud) -> "LambdaClient":
    return boto3.client("lambda", **cloud.access)


@pytest.fixture
def invoke(functions: "LambdaClient") -> Callable[..., dict[str, Any]]:
    """A function that invokes a function, and returns its result."""

    def result(name: str, **event: Any) -> dict[str, Any]:
        reply = functions.invoke(FunctionName=name, Payload=json.dumps(event))
        found: dict[str, Any] = json.loads(reply["Payload"].read())
        assert "FunctionError" not in reply, found
        return found

    return result


def test_a_burst_of_events_of_many_functions_starts_few_processes(
    cloud: Cloud, functions: "LambdaClient", tmp_path: Path
) -> None:
    lines = [f"{name} {n}" for n in range(40) for name in NAMES]

    def send(line: str) -> None:
        event = json.dumps({"file": str(tmp_path / "lines"), "line": line})
        name = line.split(maxsplit=1)[0]
        functions.invoke(FunctionName=name, InvocationType="Event", Payload=event)

    def done() -> list[str]:
        file = tmp_path / "lines"
        return file.read_text().splitlines() if file.exists() else []

    with counted(cloud) as counts:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, lines))
        wait_until(lambda: len(done()) >= len(lines), left=lambda: len(done()))
    assert sorted(done()) == sorted(lines)
    assert 2 < max(counts) <= MOST


def test_functions_that_invoke_functions_do_not_wait_for_each_other(
    cloud: Cloud, invoke: Callable[..., dict[str, Any]]
) -> None:
    def chain(n: int) -> dict[str, Any]:
        # Four deep: three functions, and one of them again.
        names = [NAMES[(n + step) % 3] for step in range(4)]
        return invoke(names[0], invoke=names[1:])

    with counted(cloud) as counts, ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(chain, range(20)))
    for reply in replies:
        assert reply["reply"]["reply"]["reply"]["process"]
    assert max(counts) <= MOST


def test_an_update_of_a_function_ends_no_invocation(
    functions: "LambdaClient", invoke: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    begun, until = tmp_path / "begun", tmp_path / "until"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(invoke, NAMES[0], begun=str(begun), until=str(until))
        wait_until(begun.exists)
        functions.update_function_configuration(
            FunctionName=NAMES[0], Environment={"Variables": {"OF": "the update"}}
        )
        after = invoke(NAMES[0])
        until.touch()
        before = running.result()
    assert before["of"] is None
    assert after["of"] == "the update"
    assert invoke(NAMES[0])["process"] != before["process"]


def test_code_is_unzipped_once(
    cloud: Cloud, invoke: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    events = [{"begun": str(tmp_path / str(n)), "until": str(tmp_path / "until")} for n in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        running = [
            pool.submit(invoke, name, **event)
            for name, event in zip(NAMES[:2], events, strict=True)
        ]
        wait_until(lambda: all(Path(event["begun"]).exists() for event in events))
        (tmp_path / "until").touch()
        one, other = (each.result() for each in running)
    assert one["process"] != other["process"]
    assert one["code"] == other["code"]
    assert [
        path.name for path in cloud.directory.rglob("f.py") if not path.parent.is_symlink()
    ] == ["f.py"]


@pytest.mark.parametrize("lines", [[], ["one", "two"], ["one", "two", ""]])
def test_the_log_of_an_invocation_is_what_it_printed(
    functions: "LambdaClient", lines: list[str]
) -> None:
    for _ in range(3):
        reply = functions.invoke(
            FunctionName=NAMES[0], LogType="Tail", Payload=json.dumps({"lines": lines})
        )
        log = base64.b64decode(reply.get("LogResult", "")).decode()
        assert log == "\n".join(line for line in lines if line)
