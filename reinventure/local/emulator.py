"""The emulator of the local cloud, MiniStack: how it is run, and its patches.

`patched_app` is the ASGI application that the local cloud serves. Each patch is for one version of
MiniStack; `check_version` raises UserError for any other. docs/emulator.md describes each fault,
with a script that shows it. What the templates do differently for the emulator is in
stacks/settings/emulator_limits.py.
"""

import importlib
import json
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, wraps
from http import HTTPStatus
from importlib.metadata import PackageNotFoundError, version
from threading import BoundedSemaphore, Lock
from typing import Any

from reinventure.errors import UserError

PACKAGE = "ministack"

COMMAND = (
    *(sys.executable, "-m", "hypercorn", "--workers", "0"),
    "reinventure.local.emulator:patched_app()",
    # Lambda's workers and the CDK CLI come back to a connection after pauses.
    *("--keep-alive", "75"),
)
"""Command that serves the emulator. The program `ministack` would also bind the ports 443 and 8883.
To stop it, kill it: after SIGTERM it waits ten seconds for idle connections."""

ENVIRONMENT = {
    "AUTH": "true",
    "USE_SSL": "1",
    # No second port: these are the brokers of IoT and of SFTP.
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    # The default keeps idle worker processes for five minutes.
    "LAMBDA_WARM_TTL_SECONDS": "60",
}
"""Environment variables of the emulator, for every local cloud."""


@dataclass(frozen=True)
class Patch:
    """A change to the running emulator, `apply`, for one `version` of it."""

    name: str
    version: str
    apply: Callable[[], None]


PATCHES: list[Patch] = []
"""All patches, in the order in which they are applied."""


def check_version() -> None:
    """Raise UserError unless the version of MiniStack is installed that all patches are for."""
    try:
        found = version(PACKAGE)
    except PackageNotFoundError:
        found = "none"
    for patch in PATCHES:
        if patch.version != found:
            raise UserError(
                f"the local cloud needs {PACKAGE} {patch.version}, and found {found}: "
                f"run `{sys.executable} -m pip install {PACKAGE}=={patch.version}`."
            )


def patched_app() -> Any:
    """Return MiniStack's ASGI application, with all patches applied to this process."""
    app = importlib.import_module("ministack.app").app
    for patch in PATCHES:
        patch.apply()
    return app


def _patch(version: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(apply: Callable[[], None]) -> Callable[[], None]:
        PATCHES.append(Patch(apply.__name__.lstrip("_"), version, apply))
        return apply

    return register


def _dynamodb() -> Any:
    return importlib.import_module("ministack.services.dynamodb")


@_patch("1.5.33")
def _partiql_writes_reach_the_stream() -> None:
    """Emit a stream record for each row that a PartiQL INSERT or UPDATE writes.

    Ingest and repair write batches of PartiQL statements; totals and the change feed read the
    stream.
    """
    dynamodb = _dynamodb()
    in_statement = ContextVar("in_statement", default=False)
    set_item = dynamodb._set_item

    @wraps(set_item)
    def set_and_emit(table: Any, pk: Any, sk: Any, item: Any) -> Any:
        old = set_item(table, pk, sk, item)
        if in_statement.get():
            name = "INSERT" if old is None else "MODIFY"
            dynamodb._emit_stream_event(table["TableName"], name, old, item)
        return old

    def as_statement(run: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(run)
        def execute(*arguments: Any) -> Any:
            token = in_statement.set(True)
            try:
                return run(*arguments)
            finally:
                in_statement.reset(token)

        return execute

    dynamodb._set_item = set_and_emit
    for name in ("_partiql_insert", "_partiql_update"):
        setattr(dynamodb, name, as_statement(getattr(dynamodb, name)))


@_patch("1.5.33")
def _range_applies_to_versions() -> None:
    """Send the requested range of an object version, instead of the whole version."""
    s3: Any = importlib.import_module("ministack.services.s3")
    get_object = s3._get_object

    @wraps(get_object)
    def get_range(bucket: str, key: str, headers: dict[str, str], query: Any = None) -> Any:
        status, reply, body = get_object(bucket, key, headers, query)
        wanted = headers.get("range")
        if status != HTTPStatus.OK or not wanted:
            return status, reply, body
        found = s3._parse_range(wanted, len(body))
        if found is None:
            error = s3._xml_body(s3._range_error_xml(bucket, key))
            return 416, {"Content-Type": "application/xml"}, error
        first, last = found
        # A checksum is of the whole object.
        kept = {n: v for n, v in reply.items() if not n.lower().startswith("x-amz-checksum")}
        kept["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        kept["Content-Length"] = str(last - first + 1)
        return 206, kept, body[first : last + 1]

    s3._get_object = get_range


@_patch("1.5.33")
def _template_topics_are_fifo() -> None:
    """Keep the FIFO properties of a topic that CloudFormation creates.

    The topic of the change feed is FIFO: its messages are in order for each key, without
    duplicates.
    """
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    sns: Any = importlib.import_module("ministack.services.sns")
    create = provisioners._sns_create

    @wraps(create)
    def create_fifo(logical_id: str, properties: Any, stack: str) -> Any:
        arn, attributes = create(logical_id, properties, stack)
        for name in ("FifoTopic", "ContentBasedDeduplication", "FifoThroughputScope"):
            if name in properties:
                value = str(properties[name])
                sns._topics[arn]["attributes"][name] = (
                    value.lower() if value in ("True", "False") else value
                )
        return arn, attributes

    provisioners._sns_create = create_fifo
    provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"]["create"] = create_fifo


@_patch("1.5.33")
def _expressions_are_parsed_once() -> None:
    """Cache the tokens of an expression: a query parses it again for each item.

    For speed only. It took most of the time of a query.
    """
    dynamodb = _dynamodb()
    tokens = lru_cache(dynamodb._tokenize)
    dynamodb._tokenize = lambda expression: list(tokens(expression))
    dynamodb._condition_syntax_error = lru_cache(dynamodb._condition_syntax_error)


_PARTITION = re.compile(r"(pk) = (:[a-z]+)")
"""Key condition on a whole partition of a table of ours."""


@_patch("1.5.33")
def _partitions_are_compared_directly() -> None:
    """Compare the partition key of an item without evaluating an expression.

    For speed only. A query finds items by their partition, and then evaluates the key condition for
    each of them again.
    """
    dynamodb = _dynamodb()
    evaluate = dynamodb._evaluate_condition

    @wraps(evaluate)
    def compare(expression: str, item: Any, values: Any, *more: Any, **named: Any) -> bool:
        match = _PARTITION.fullmatch(expression or "")
        wanted = values.get(match[2]) if match else None
        if match and wanted and "S" in wanted:
            return bool(item.get(match[1]) == wanted)
        return bool(evaluate(expression, item, values, *more, **named))

    dynamodb._evaluate_condition = compare


_MAX_CONCURRENT_EVENTS = 8
"""Asynchronous invocations of one function at a time."""


@_patch("1.5.33")
def _events_wait_for_a_worker() -> None:
    """Limit the concurrent asynchronous invocations of a function; further events wait.

    For speed only. MiniStack starts a worker process for each concurrent invocation: a burst of
    events starts dozens, and each start takes a quarter of a second of a processor. Lambda has a
    queue for events. MiniStack's own limits of concurrency lose them.
    """
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    invoke, execute = functions.invoke_async_with_retry, functions._execute_function
    is_event = ContextVar("is_event", default=False)
    slots: defaultdict[str, BoundedSemaphore] = defaultdict(
        lambda: BoundedSemaphore(_MAX_CONCURRENT_EVENTS)
    )

    @wraps(invoke)
    def invoke_event(*arguments: Any) -> None:
        # It runs the invocation in a thread with a copy of this context.
        token = is_event.set(True)
        try:
            invoke(*arguments)
        finally:
            is_event.reset(token)

    @wraps(execute)
    def execute_in_slot(function: Any, event: Any) -> Any:
        if not is_event.get():
            return execute(function, event)
        # It may call itself by its global name, and has its slot then.
        token = is_event.set(False)
        try:
            with slots[(function.get("config") or function).get("FunctionName", "")]:
                return execute(function, event)
        finally:
            is_event.reset(token)

    functions.invoke_async_with_retry = invoke_event
    functions._execute_function = execute_in_slot


@_patch("1.5.33")
def _eventbridge_invokes_asynchronously() -> None:
    """Let EventBridge invoke functions as S3 does: with retries and an on-failure destination.

    With the transport `eventbridge` a failed event would be lost, and a burst would start a worker
    process for each event.
    """
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    eventbridge: Any = importlib.import_module("ministack.services.eventbridge")

    @wraps(eventbridge._dispatch_to_lambda)
    def dispatch(arn: str, payload: str) -> None:
        function, config, _ = functions._get_func_record_for_ref(arn)
        if function and config:
            record = functions._execution_record_for_config(function, config)
            functions.invoke_async_with_retry(record, json.loads(payload))

    eventbridge._dispatch_to_lambda = dispatch


@_patch("1.5.33")
def _sequencers_are_moments() -> None:
    """Stamp events with the format of S3's sequencers: seconds since 1970, then a fraction.

    MiniStack's count microseconds. `ingest` finds those implausible, and looks each key up.
    """
    s3: Any = importlib.import_module("ministack.services.s3")
    lock, latest = Lock(), 0

    def next_sequencer(event_name: str) -> str | None:
        nonlocal latest
        if not event_name.startswith(s3._EVENT_SEQUENCED_FAMILIES):
            return None
        with lock:
            latest = max(latest + 1, time.time_ns() * 16**8 // 10**9)
            return f"{latest:018X}"

    s3._next_event_sequencer = next_sequencer


_KEY_OF_UPLOAD = "x-amz-server-side-encryption-aws-kms-key-id"
"""The header with the KMS key of an upload, and the condition key, after its prefix `s3:`."""


@_patch("1.5.33")
def _policies_see_the_key_of_an_upload() -> None:
    """Give the conditions of policies the KMS key that an upload names.

    The policy of the catalogued bucket refuses every other key. A part has the key of its upload.
    """
    actions: Any = importlib.import_module("ministack.core.iam_actions")
    s3: Any = importlib.import_module("ministack.services.s3")
    context = actions._s3_object_context

    @wraps(context)
    def with_key(action: str, query: Any, path: str, headers: dict[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = context(action, query, path, headers)
        upload = s3._multipart_uploads.get(actions._query_param(query, "uploadId"))
        named = headers
        if upload:
            named = upload["preserved_headers"] if upload.get("requested_sse") else {}
        if action == "s3:PutObject" and named.get(_KEY_OF_UPLOAD):
            found[f"s3:{_KEY_OF_UPLOAD}"] = named[_KEY_OF_UPLOAD]
        return found

    actions._s3_object_context = with_key


_SERVICE_SENDERS = {"s3": "AROA000000000000000S3:S3", "sns": "AIDA0000000000000SNS"}
"""Ids of services as senders. AWS documents none; S3's is a session of a role of its own, and SNS's
is like that of a user."""


@_patch("1.5.33")
def _messages_have_senders() -> None:
    """Set the `SenderId` of a message in a queue: the principal, or the service, that sent it.

    `redrive` compares it with the ids of roles. Lambda sends the failures of a function with the
    function's role.
    """
    sqs: Any = importlib.import_module("ministack.services.sqs")
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    extract_key = importlib.import_module("ministack.core.router").extract_access_key_id
    role_id = importlib.import_module("ministack.services.sts")._role_id
    caller: ContextVar[str] = ContextVar("caller", default="")
    service: ContextVar[str] = ContextVar("service", default="")
    pin_caller, sent, find = (
        evaluator.pin_request_caller,
        sqs._build_send_sys_attrs,
        sqs._queue_by_arn,
    )

    @wraps(pin_caller)
    def pin_caller_id(headers: Any, query_params: Any = None) -> None:
        pin_caller(headers, query_params)
        credential = evaluator.resolve_credential(extract_key(headers or {}, query_params or {}))
        caller.set(getattr(credential, "principal_id", ""))

    @wraps(sent)
    def sent_by_caller(*arguments: Any) -> dict[str, Any]:
        attributes: dict[str, Any] = sent(*arguments)
        return {**attributes, "SenderId": caller.get() or attributes["SenderId"]}

    @wraps(find)
    def find_for_service(arn: str) -> Any:
        queue = find(arn)
        if queue is None or not service.get():
            return queue
        return {**queue, "messages": _SentBy(service.get(), queue["messages"])}

    def as_sender(deliver: Callable[..., Any], name: Callable[..., str]) -> Callable[..., Any]:
        @wraps(deliver)
        def deliver_as(*arguments: Any, **named: Any) -> Any:
            token = service.set(name(*arguments))
            try:
                return deliver(*arguments, **named)
            finally:
                service.reset(token)

        return deliver_as

    def of_function(name: str) -> str:
        config = functions._functions.get(name, {}).get("config", {})
        return f"{role_id(config.get('Role', ''))}:{name}"

    evaluator.pin_request_caller = pin_caller_id
    sqs._build_send_sys_attrs = sent_by_caller
    sqs._queue_by_arn = find_for_service
    functions._route_async_failure = as_sender(
        functions._route_async_failure, lambda _, name, *__: of_function(name)
    )
    functions._send_ddb_stream_failure_record = as_sender(
        functions._send_ddb_stream_failure_record,
        lambda _, function, *__: of_function(
            (function.get("config") or function).get("FunctionName", "")
        ),
    )
    for name, delivery in (("s3", "_deliver_event_to_sqs"), ("sns", "_deliver_to_sqs")):
        module: Any = importlib.import_module(f"ministack.services.{name}")
        sender = _SERVICE_SENDERS[name]
        setattr(module, delivery, as_sender(getattr(module, delivery), lambda *_, is_=sender: is_))


@dataclass(frozen=True)
class _SentBy:
    """The messages of a queue, to which a service appends as `sender`."""

    sender: str
    messages: list[dict[str, Any]]

    def append(self, message: dict[str, Any]) -> None:
        message["sys"] = {**message["sys"], "SenderId": self.sender}
        self.messages.append(message)


@_patch("1.5.33")
def _conditions_have_principals() -> None:
    """Resolve `aws:PrincipalIsAWSService`, and `aws:PrincipalArn` to the role of a session.

    The policy of a dead-letter queue denies all principals but one role.
    """
    evaluator: Any = importlib.import_module("ministack.core.iam_evaluator")
    resolve = evaluator._resolve_condition_key

    @wraps(resolve)
    def resolve_principal(key: str, context: Any) -> Any:
        match key.lower():
            case "aws:principalisawsservice":
                return str(context.principal_type == "Service").lower()
            case "aws:principalarn":
                session = re.fullmatch(
                    r"(arn:[^:]+):sts::(\d+):assumed-role/([^/]+)/.*", context.principal_arn
                )
                if session:
                    # All roles of ours have the path "/".
                    return "{}:iam::{}:role/{}".format(*session.groups())
        return resolve(key, context)

    evaluator._resolve_condition_key = resolve_principal
