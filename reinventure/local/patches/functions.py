"""Patches of the emulator's Lambda: the processes in which it runs functions."""

import importlib
import os
import shutil
import tempfile
import zipfile
from contextvars import ContextVar, copy_context
from functools import partial, wraps
from hashlib import sha256
from pathlib import Path
from queue import Empty
from threading import Lock
from types import SimpleNamespace
from typing import Any

from reinventure.local.patches import function_log
from reinventure.local.patches.call_queue import CallQueue
from reinventure.local.patches.patch import patch
from reinventure.local.patches.worker_pool import Worker, WorkerPool, worker_limit


@patch("1.5.33")
def workers_are_bounded() -> None:
    """Bound the processes of all functions together; further invocations wait.

    MiniStack starts a process for each concurrent invocation: a burst starts dozens. Its own limits
    of concurrency use up the retries of events. It also kills a function's processes when the
    function is updated, in the middle of their invocations.
    """
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    pool = WorkerPool(
        runtime._workers, runtime._lock, runtime.kill_workers, cores=os.cpu_count() or 1
    )
    is_event = ContextVar("is_event", default=False)
    invoke = functions.invoke_async_with_retry

    @wraps(invoke)
    def invoke_event(*arguments: Any) -> None:
        # It runs the invocation with a copy of this context.
        token = is_event.set(True)
        try:
            invoke(*arguments)
        finally:
            is_event.reset(token)

    def acquire(
        name: str, config: dict[str, Any], code: bytes, qualifier: str = "$LATEST"
    ) -> tuple[Worker | None, str]:
        def create() -> Worker:
            worker: Worker = runtime._worker_class_for(config)(name, config, code)
            return worker

        # What has waited through an update has old code, and makes no worker for new invocations.
        key = f"{runtime._worker_key(name, config, qualifier)}:{config['RevisionId']}"
        depth = max(1, functions._invoke_depth.get())
        worker = pool.acquire(key, depth, create, caller_waits=not is_event.get())
        return (worker, "spawn") if worker else (None, "func_cap")

    def invalidate(
        name: str,
        qualifier: str | None = None,
        account: str | None = None,
        region: str | None = None,
    ) -> None:
        wanted = (account, region, name, qualifier)

        def matches(key: str) -> bool:
            return all(
                part in (None, own) for part, own in zip(wanted, key.split(":"), strict=False)
            )

        pool.retire(matches)

    functions.invoke_async_with_retry = invoke_event
    functions.acquire_worker = acquire
    # It is called with None where the worker has been invalidated.
    functions.release_worker = lambda _: pool.release()
    functions.invalidate_worker = invalidate


@patch("1.5.33")
def events_wait_without_threads() -> None:
    """Let the events of a function wait in a queue, instead of each in a thread of its own.

    For speed only. A burst has hundreds of them, and the start of a thread stops the one that
    serves requests. A retry, which is rare and sleeps first, has its own thread.
    """
    functions: Any = importlib.import_module("ministack.services.lambda_svc")
    retry, execute = functions.invoke_async_with_retry, functions._execute_function
    failure: ContextVar[dict[str, Any] | None] = ContextVar("failure", default=None)
    queues: dict[str, CallQueue] = {}

    @wraps(execute)
    def execute_unless_failed(function: Any, event: Any) -> Any:
        failed = failure.get()
        failure.set(None)
        return failed or execute(function, event)

    def try_once(function: Any, event: Any) -> None:
        result = execute(function, event)
        if result.get("error"):
            # Its thread has a copy of this context, and takes this for the result of its first try.
            failure.set(result)
            retry(function, event)
        elif result.get("log"):
            functions.logger.info("Lambda async output:\n%s", result["log"])

    @wraps(retry)
    def enqueue(function: Any, event: Any) -> None:
        name = (function.get("config") or function).get("FunctionArn", "")
        if name not in queues:
            # One function has fewer workers than there are.
            queues[name] = CallQueue(threads=worker_limit(os.cpu_count() or 1))
        queues[name].put(partial(copy_context().run, try_once, function, event))

    functions._execute_function = execute_unless_failed
    functions.invoke_async_with_retry = enqueue


@patch("1.5.33")
def code_is_unzipped_once() -> None:
    """Let all workers with the same code share one folder of it.

    For speed only. Each worker unzips the code into a folder of its own, and compiles it there.
    """
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    lock = Lock()

    class SharedArchive(zipfile.ZipFile):
        def extractall(self, path: Any = None, *arguments: Any, **named: Any) -> None:
            """Put a link to the unzipped files in the place of the empty folder `path`."""
            digest = sha256(Path(str(self.filename)).read_bytes()).hexdigest()
            shared = Path(tempfile.gettempdir(), f"code-{digest}")
            with lock:
                if not shared.exists():
                    unfinished = shared.with_suffix(".unfinished")
                    shutil.rmtree(unfinished, ignore_errors=True)
                    super().extractall(unfinished, *arguments, **named)
                    unfinished.rename(shared)
            Path(path).rmdir()
            Path(path).symlink_to(shared)

    runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedArchive})


_END_OF_OUTPUT = "\x00end of the output of an invocation"


@patch("1.5.33")
def output_ends_with_a_mark() -> None:
    """Let a worker mark the end of what an invocation prints, and wait for the mark.

    For speed only. MiniStack waits 50 ms for lines from a function that prints nothing, while its
    worker can do nothing else.
    """
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    drain = runtime.Worker._drain_stderr_bounded

    @wraps(drain)
    def read(worker: Any, hard_cap: float = 0.25) -> str:
        if not worker.config["Runtime"].startswith("python"):
            return str(drain(worker, hard_cap=hard_cap))
        lines = []
        while True:
            try:
                line, mark, _ = worker._stderr_queue.get(timeout=hard_cap).partition(_END_OF_OUTPUT)
            except Empty:  # The process has died.
                break
            if line or not mark:
                lines.append(line)
            if mark:
                break
        return "\n".join(lines)

    runtime.Worker._drain_stderr_bounded = read
    before, reply, after = runtime._PYTHON_WORKER_SCRIPT.rpartition(
        "        _real_stdout.flush()\n"
    )
    mark = f"        print({_END_OF_OUTPUT!r}, file=sys.__stderr__, flush=True)\n"
    runtime._PYTHON_WORKER_SCRIPT = before + mark + reply + after


@patch("1.5.33")
def logs_are_json() -> None:
    """Let Python functions log by their `LoggingConfig`, as the runtime of Lambda does.

    MiniStack's workers have no handler: lines below WARNING are lost, others are plain text.
    """
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    create = runtime.Worker.__init__

    @wraps(create)
    def initialise(worker: Any, name: str, config: dict[str, Any], code: bytes) -> None:
        create(worker, name, config, code)
        logging = config.get("LoggingConfig") or {}
        if config["Runtime"].startswith("python") and logging.get("LogFormat") == "JSON":
            level = {"AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel", "INFO")}
            variables = (config.get("Environment") or {}).get("Variables") or {}
            environment = {**(config.get("Environment") or {}), "Variables": {**variables, **level}}
            worker.config = {**config, "Environment": environment}

    runtime.Worker.__init__ = initialise
    before, imported, after = runtime._PYTHON_WORKER_SCRIPT.partition(
        "    try:\n        mod = importlib.import_module(module_name)\n"
    )
    runtime._PYTHON_WORKER_SCRIPT = (
        f"{Path(function_log.__file__).read_text()}\n{before}    log_as_json()\n{imported}{after}"
    )
