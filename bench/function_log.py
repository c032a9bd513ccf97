"""Log lines as Lambda's runtime writes them with the log format JSON, and to nowhere."""

import json
import logging
import os
import time

_USUAL = {*vars(logging.makeLogRecord({})), "message"}


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": "8286a188-ba32-4475-8077-530cd35c09a9",
        }
        more = {name: value for name, value in vars(record).items() if name not in _USUAL}
        return json.dumps(line | more)


def start() -> None:
    """Log as in a function from now on, whose handler the runtime adds before the function's code.

    Without a handler a log line would cost less than it does in Lambda.
    """
    handler = logging.StreamHandler(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    handler.setFormatter(_Json())
    logging.getLogger().addHandler(handler)
