"""How a function logs in JSON, as Lambda's runtime for Python does: run in the emulator's workers.

Its text is put before their program, so it imports the standard library only.
Source: "Working with Lambda Python function logs" in the AWS Lambda Developer Guide.
"""

import json
import logging
import os
import sys

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
"""The attributes of every record; all others are of `extra`."""


class JsonLine(logging.Formatter):
    """A record as one line: time, level, message and logger, and then the fields of `extra`.

    The line is ASCII. MiniStack cuts the text at each character that Unicode calls a line's end.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without what is None."""
        line = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "errorMessage": str(record.exc_info[1]) if record.exc_info else None,
            **{name: value for name, value in vars(record).items() if name not in _OWN},
        }
        return json.dumps({name: value for name, value in line.items() if value is not None})


def log_as_json() -> None:
    """Log by `AWS_LAMBDA_LOG_LEVEL`, if the function has it, from now on."""
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL")
    if level:
        handler = logging.StreamHandler(sys.__stderr__)
        handler.setFormatter(JsonLine())
        logging.root.addHandler(handler)
        logging.root.setLevel(level)
