"""The first query of a mirror without tables, by the command's own code."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from reinventure.aws.deployed_mirror import DeployedMirror
from reinventure.contract import SqlOutputs
from s3_catalog.sql_mirror.data_api import Database
from s3_catalog.sql_mirror.mirror_writer import MirrorWriter
from tests.sql.conftest import BUCKET, CLUSTER, PASSWORD, READER, Service, clear, never


def test_the_first_query_finds_no_reader_and_has_the_function_create_it(
    server: Path, service: Service, owner: Database
) -> None:
    clear(server)
    invocations: list[Any] = []

    def invoke(**request: Any) -> dict[str, Any]:
        invocations.append(json.loads(request["Payload"]))
        MirrorWriter(owner, BUCKET, lambda: PASSWORD).prepare(never)
        return {"Payload": io.BytesIO(b'{"batchItemFailures": [], "errors": []}')}

    clients = {"rds-data": service.client(), "lambda": SimpleNamespace(invoke=invoke)}
    session: Any = SimpleNamespace(client=lambda name, **_: clients[name])
    outputs = SqlOutputs(
        cluster_arn=CLUSTER,
        reader_secret_arn=READER,
        mirror_arn="mirror",
        mirror_failure_queue_url="queue",
    )
    mirror = DeployedMirror(session, outputs)
    assert mirror.query("SELECT COUNT(*) AS n FROM objects", never).rows == [[0]]
    assert mirror.query("SELECT COUNT(*) AS n FROM objects", never).rows == [[0]]
    assert invocations == [{"Records": []}]
