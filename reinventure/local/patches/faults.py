"""Patch of the emulator for faults made on purpose: see `reinventure.local.fault_control`."""

import importlib
import json
import logging
import time
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from datetime import datetime, timedelta
from functools import partial, wraps
from itertools import count
from threading import Lock, Timer
from typing import Any

from reinventure.local.fault_control import Fault, Lease, lease
from reinventure.local.patches.patch import patch
from reinventure.local.patches.refused_requests import Request, failed_statements, refuse

HELD_SECONDS = 2.0
"""Time for which events are held until they are delivered twice and in reverse."""

THROTTLED_SECONDS = 2.0
"""Time for which a throttled table refuses all writes, and for which it takes them then."""

LOST_OF = 10
"""Of so many events one is lost, the first."""

CLOCK_SECONDS = 3600
"""Difference of a wrong clock."""

_LOG = logging.getLogger(__name__)

_THROTTLED = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically "
    "scaling your table or index so please try again shortly. If exceptions persist, check if you "
    "have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "bp-partition-key-design.html"
)
"""DynamoDB's message of the ThrottlingException of an on-demand table."""

_OF_MESSAGES = frozenset(
    {
        *("ReceiveMessage", "SendMessage", "SendMessageBatch", "DeleteMessage"),
        *("DeleteMessageBatch", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch"),
    }
)
"""Operations of SQS on the messages of a queue."""

_WRITES = frozenset(
    {
        *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
        *("ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"),
    }
)
"""Operations of DynamoDB that write. Ours read by others, and not by PartiQL."""


@patch("1.5.33")
def faults_are_parameters() -> None:
    """Break what a parameter says, for the time that it says. Not for a fault of MiniStack.

    Without such a parameter nothing is different. The replies have the codes of AWS.
    """
    _functions_fail()
    _dynamodb_refuses()
    _processes_are_killed()
    _topics_refuse()
    _queues_refuse()
    _events_go_astray()
    _s3_clocks_are_wrong()


def _is_stored(fault: Fault) -> bool:
    """Whether `fault` has a parameter: else no request needs to be read."""
    ssm: Any = importlib.import_module("ministack.services.ssm")
    return fault.parameter in ssm._parameters


def _lease(fault: Fault, target: str) -> Lease | None:
    """Return the lease of `fault` if it is on for `target`, in the account of the request."""
    found = _stored(fault)
    return found if found and found.holds(target, time.time()) else None


def _stored(fault: Fault) -> Lease | None:
    """Return the lease of the parameter of `fault`, whatever its target and time are."""
    ssm: Any = importlib.import_module("ministack.services.ssm")
    stored = ssm._parameters.get(fault.parameter)
    return lease(stored["Value"], stored["LastModifiedDate"]) if stored else None


def _functions_fail() -> None:
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    execute = functions._execute_function_warm

    @wraps(execute)
    def execute_or_fail(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        name = (function.get("config") or function)["FunctionName"]
        if not _lease(Fault.INGEST_FAILS, name):
            result: dict[str, Any] = execute(function, event, request_id)
            return result
        message = "made to fail in the console"
        return {
            "body": {"errorMessage": message, "errorType": "RuntimeError"},
            "error": True,
            # As the runtime of Lambda logs an exception: by it the console counts failures.
            "log": f"[ERROR] RuntimeError: {message}\nTraceback (most recent call last):",
        }

    functions._execute_function_warm = execute_or_fail


def _dynamodb_refuses() -> None:
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    region = importlib.import_module("ministack.core.responses").get_region
    handle, numbers = dynamodb.handle_request, count()

    @wraps(handle)
    async def handle_or_refuse(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Any:
        request = Request(method, path, headers, body)
        if request.operation in _WRITES and _refuses(request):
            return _throttled(request)
        if not _lease(Fault.DYNAMODB_UNRELIABLE, region()):
            return await handle(method, path, headers, body, query)
        number = next(numbers)
        if number % 10 in {0, 3, 6}:
            return _throttled(request)
        if number % 10 != 9:  # noqa: PLR2004 (the last of ten)
            return await handle(method, path, headers, body, query)
        if number % 20 == 19:  # noqa: PLR2004 (the last of twenty)
            await handle(method, path, headers, body, query)
        return _error_json("InternalServerError", "Internal server error", 500)

    dynamodb.handle_request = handle_or_refuse


def _throttled(request: Request) -> Any:
    """Return DynamoDB's reply to a request that is throttled."""
    if request.operation == "BatchExecuteStatement":
        return failed_statements(request, "ThrottlingError", _THROTTLED)
    if request.operation == "TransactWriteItems":
        reasons = [
            {"Code": "ThrottlingError", "Message": _THROTTLED}
            for _ in json.loads(request.body)["TransactItems"]
        ]
        codes = ", ".join(each["Code"] for each in reasons)
        message = (
            "Transaction cancelled, please refer cancellation reasons for specific reasons "
            f"[{codes}]"
        )
        extra = {"CancellationReasons": reasons}
        return _error_json("TransactionCanceledException", message, 400, extra)
    return _error_json("ThrottlingException", _THROTTLED, 400)


def _error_json(code: str, message: str, status: int, extra: Any = None) -> Any:
    responses: Any = importlib.import_module("ministack.core.responses")
    return responses.error_response_json(code, message, status, extra)


def _refuses(request: Request) -> bool:
    """Whether the table that is named in a request is throttled now."""
    found = _stored(Fault.TABLE_THROTTLED)
    if found is None or not request.names(found.target):
        return False
    now = time.time()
    return found.holds(found.target, now) and (
        (now - found.begin) % (2 * THROTTLED_SECONDS) < THROTTLED_SECONDS
    )


def _processes_are_killed() -> None:
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    invoke, handle = runtime.Worker.invoke, dynamodb.handle_request
    doomed = DoomedProcesses()

    @wraps(invoke)
    def invoke_until_killed(
        worker: Any, event: Any, request_id: str, **named: Any
    ) -> dict[str, Any]:
        found = _lease(Fault.PROCESS_KILLED, worker.func_name)
        role = runtime.execution_credentials(worker.config)["AWS_ACCESS_KEY_ID"] if found else ""
        if not found or not doomed.add(worker, role, (found.begin, json.dumps(event))):
            result: dict[str, Any] = invoke(worker, event, request_id, **named)
            return result
        try:
            result = invoke(worker, event, request_id, **named)
        finally:
            killed = doomed.remove(worker, role)
        if killed:
            message = f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
            result |= {"error": message, "trace": f"[ERROR] {message}"}
        return result

    @wraps(handle)
    async def handle_and_kill(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any
    ) -> Any:
        role = headers.get("authorization", "").partition("Credential=")[2].partition("/")[0]
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        kill, written = doomed.next(role) if operation in _WRITES else (None, False)
        if kill is None:
            return await handle(method, path, headers, body, query)
        if written:
            reply = await handle(method, path, headers, body, query)
            kill()
            return reply
        kill()
        # The write has not left the process that sent it.
        return 500, {}, b""

    runtime.Worker.invoke = invoke_until_killed
    dynamodb.handle_request = handle_and_kill


class DoomedProcesses:
    """Workers of MiniStack that are killed at the next write of their role, one write each."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._workers: dict[str, list[Any]] = {}
        self._begin = 0.0
        self._seen: set[str] = set()
        self._written = False

    def add(self, worker: Any, role: str, invocation: tuple[float, str]) -> bool:
        """Doom `worker`; return False if its event was there before, since the fault began."""
        begin, event = invocation
        with self._lock:
            if begin != self._begin:
                self._begin, self._seen = begin, set()
            if event in self._seen:
                return False
            self._seen.add(event)
            self._workers.setdefault(role, []).append(worker)
            return True

    def next(self, role: str) -> tuple[Callable[[], None] | None, bool]:
        """Return what kills a worker of `role`, None if none is doomed, and when.

        True: after the write that its role makes now, False: before it. It is by turns. Of several
        at work it is the first, though another may have sent the write.
        """
        with self._lock:
            workers = self._workers.get(role)
            if not workers:
                return None, False
            self._written = not self._written
            return workers.pop(0)._proc.kill, self._written

    def remove(self, worker: Any, role: str) -> bool:
        """Spare `worker`; return whether it was killed."""
        with self._lock:
            workers = self._workers[role]
            if worker not in workers:
                return True
            workers.remove(worker)
            return False


def _topics_refuse() -> None:
    sns: Any = importlib.import_module("ministack.services.sns")
    numbers = count()

    def reply(request: Request) -> Any:
        if not _is_stored(Fault.TOPIC_REFUSES) or request.topic is None:
            return None
        if not _lease(Fault.TOPIC_REFUSES, request.topic):
            return None
        if next(numbers) % 2:
            return sns._error("InternalError", "An internal service error occurred", 500)
        return sns._error("Throttled", "Rate exceeded", 429)

    refuse("sns", reply)


def _queues_refuse() -> None:
    sqs: Any = importlib.import_module("ministack.services.sqs")
    numbers = count()

    def reply(request: Request) -> Any:
        if not _is_stored(Fault.QUEUE_REFUSES) or request.operation not in _OF_MESSAGES:
            return None
        queue = json.loads(request.body).get("QueueUrl", "").rpartition("/")[2]
        if not _lease(Fault.QUEUE_REFUSES, queue):
            return None
        if next(numbers) % 2:
            return sqs._json_err_resp("RequestThrottled", "Request is throttled.", 400)
        message = "Service is unavailable. Please try again."
        return sqs._json_err_resp("ServiceUnavailable", message, 503)

    refuse("sqs", reply)


def _events_go_astray() -> None:
    s3: Any = importlib.import_module("ministack.services.s3")
    eventbridge: Any = importlib.import_module("ministack.services.eventbridge")
    fire, numbers, turned = s3._fire_s3_event, count(), ContextVar("turned", default=False)
    held = HeldDeliveries(HELD_SECONDS)

    @wraps(fire)
    def fire_or_lose(bucket: str, *arguments: Any, **named: Any) -> None:
        if _lease(Fault.NOTIFICATIONS_OFF, bucket):
            return
        if _lease(Fault.EVENTS_LOST, bucket) and next(numbers) % LOST_OF == 0:
            return
        turned.set(_lease(Fault.EVENTS_TWICE_REVERSED, bucket) is not None)
        fire(bucket, *arguments, **named)

    def turning(deliver: Callable[..., None]) -> Callable[..., None]:
        @wraps(deliver)
        def deliver_or_hold(*arguments: Any, **named: Any) -> None:
            if not turned.get():
                deliver(*arguments, **named)
                return
            context = copy_context()
            context.run(turned.set, False)
            held.add(partial(context.run, deliver, *arguments, **named))

        return deliver_or_hold

    s3._fire_s3_event = fire_or_lose
    # The event is made before it is held, so its time is that of the change.
    for module, name in (
        (s3, "_deliver_event_to_lambda"),
        (s3, "_deliver_event_to_sqs"),
        (s3, "_deliver_event_to_sns"),
        (eventbridge, "_dispatch_event"),
    ):
        setattr(module, name, turning(getattr(module, name)))


def _s3_clocks_are_wrong() -> None:
    s3: Any = importlib.import_module("ministack.services.s3")
    fire, now_iso, ahead = s3._fire_s3_event, s3.now_iso, ContextVar("ahead", default=0)

    def wrong_now() -> str:
        now: str = now_iso()
        return _shifted_time(now, ahead.get()) if ahead.get() else now

    @wraps(fire)
    def fire_with_clock(bucket: str, *arguments: Any, **named: Any) -> None:
        ahead.set(_clock_error(bucket))
        if named.get("sequencer"):
            named["sequencer"] = _shifted_sequencer(named["sequencer"], ahead.get())
        fire(bucket, *arguments, **named)

    s3._fire_s3_event, s3.now_iso = fire_with_clock, wrong_now


def _clock_error(bucket: str) -> int:
    """Return by how many seconds the clock of the events of `bucket` is ahead."""
    if _lease(Fault.S3_CLOCK_AHEAD, bucket):
        return CLOCK_SECONDS
    return -CLOCK_SECONDS if _lease(Fault.S3_CLOCK_BEHIND, bucket) else 0


def _shifted_time(moment: str, seconds: int) -> str:
    """Return `moment`, in the format of events, `seconds` later."""
    later = datetime.fromisoformat(moment) + timedelta(seconds=seconds)
    return f"{later:%Y-%m-%dT%H:%M:%S}.{later.microsecond // 1000:03}Z"


def _shifted_sequencer(sequencer: str, seconds: int) -> str:
    """Return `sequencer` of `seconds` later. Its last 8 of 18 hex digits are a fraction."""
    return f"{int(sequencer, 16) + seconds * 16**8:018X}"


class HeldDeliveries:
    """Deliveries that are held for `seconds` from the first, then made twice and in reverse."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._held: list[Callable[[], None]] = []
        self._lock = Lock()

    def add(self, deliver: Callable[[], None]) -> None:
        """Hold `deliver`."""
        with self._lock:
            self._held.append(deliver)
            first = len(self._held) == 1
        if first:
            timer = Timer(self._seconds, self._deliver)
            timer.daemon = True
            timer.start()

    def _deliver(self) -> None:
        with self._lock:
            held, self._held = self._held, []
        for deliver in reversed(held):
            for _ in range(2):
                try:
                    deliver()
                except Exception:  # noqa: BLE001 (it is logged)
                    # As MiniStack: one event that cannot be delivered does not lose the others.
                    _LOG.exception("an event that was held could not be delivered")
