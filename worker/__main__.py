"""The program that inspects large objects: `python -m worker`.

It runs until SIGTERM and then exits with 0. Any other exit is a failure, and ECS starts it again.
"""

import logging
import os
import signal
import sys

from worker.queue_worker import Worker

_log = logging.getLogger("worker")


def main() -> None:
    """Run a worker for the environment of this process."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s"
    )
    # Which tells at each start where it found credentials and endpoints.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    worker = Worker.from_environment(os.environ)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, worker.leave)
    _log.info("ready")
    worker.run()
    _log.info("left")


if __name__ == "__main__":
    main()
