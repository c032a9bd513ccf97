"""The program that inspects large objects: `python -m worker`.

It runs until SIGTERM and then exits with 0. Any other exit is a failure, and ECS starts it again.
"""

import logging
import signal
import sys
from pathlib import Path

from s3_catalog import clients
from s3_catalog.environment.worker_environment import WorkerEnvironment
from s3_catalog.table.store import Store
from worker.queue_worker import CONFIG, Worker

_log = logging.getLogger("worker")


def make_worker(environment: WorkerEnvironment) -> Worker:
    """Return the worker that `environment` describes."""
    return Worker(
        sqs=clients.sqs(CONFIG),
        s3=clients.s3(CONFIG),
        store=Store(clients.dynamodb(), environment.table_name, environment.shards),
        queue_url=environment.queue_url,
        scope=environment.scope,
        scratch=Path(environment.tmpdir),
    )


def main() -> None:
    """Run a worker until the process gets SIGTERM or SIGINT."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s"
    )
    worker = make_worker(WorkerEnvironment.from_env())
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, worker.leave)
    _log.info("ready")
    worker.run()
    _log.info("left")


if __name__ == "__main__":
    main()
