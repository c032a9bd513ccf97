"""MariaDB on the local cloud, in Aurora's place: the system's server as an ordinary process.

It keeps its files in a folder of its own, and listens on a socket in that folder alone.
"""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from reinventure.errors import UserError, ending
from reinventure.local import background_process as background

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

NAME = "mariadb"

_START_SECONDS = 60
_MAX_PATH = 100
"""Bytes of a socket's path. The limit of macOS is 103, that of Linux 107."""

_MYSQL_MODE = (
    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)
"""The default of MySQL 8.0, so that Aurora accepts each statement that the local cloud accepts."""


def socket_path(directory: Path) -> Path:
    """Return the socket of the server that was started in `directory`."""
    return directory / "tmp" / NAME / "socket"


def start(directory: Path) -> Path:
    """Start a server with new data in `directory`, in the background; return its socket's path.

    Returns when the server answers. The user of this process is its administrator, without a
    password.

    Raises UserError when MariaDB is not installed or does not come up, with the end of its log.
    """
    server, installer = _program("mariadbd"), _program("mariadb-install-db")
    path = socket_path(directory)
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True)
    if len(os.fsencode(path)) > _MAX_PATH:
        raise UserError(f"{path} is too long for the path of a socket: use a folder nearer to /")
    common = [
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        # MariaDB requires this option of root, and accepts it from no other user.
        *([f"--user={getpass.getuser()}"] if os.geteuid() == 0 else []),
    ]
    log = background.log(directory, NAME)
    with log.open("wb") as output:
        status = subprocess.run(
            [installer, *common, "--skip-test-db", "--auth-root-authentication-method=socket"],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if status:
        raise UserError(f"MariaDB could not be set up. The end of {log}:\n{ending(log)}")
    background.start(
        directory,
        NAME,
        [
            *(server, *common, f"--socket={path}", "--skip-networking"),
            *(f"--sql-mode={_MYSQL_MODE}", "--character-set-server=utf8mb4"),
            *("--default-time-zone=+00:00", f"--pid-file={folder / 'pid'}"),
            # The data need not survive a loss of power.
            *("--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"),
            *("--innodb-buffer-pool-size=64M", "--performance-schema=OFF"),
        ],
        environment=os.environ,
        cwd=folder,
    )
    deadline = time.monotonic() + _START_SECONDS
    while not _listens(path):
        if not background.running(directory, NAME) or time.monotonic() > deadline:
            background.stop(directory)
            raise UserError(f"MariaDB did not start. The end of {log}:\n{ending(log)}")
        time.sleep(0.05)
    return path


def connect(path: Path, user: str, password: str, database: str) -> "Connection[Cursor]":
    """Return a connection to the server that listens on `path`; each statement commits.

    Raises pymysql's OperationalError when no server listens, or it refuses the user.
    """
    import pymysql  # noqa: PLC0415 (no other command than those of a mirror starts with it)

    return pymysql.connect(
        unix_socket=str(path),
        user=user,
        password=password,
        database=database or None,
        charset="utf8mb4",
        autocommit=True,
        ssl_disabled=True,  # A socket of this machine; reading its certificates would take 40 ms.
        binary_prefix=True,  # Bytes are bytes, not text in the connection's character set.
    )


def administer(path: Path) -> "Connection[Cursor]":
    """Return a connection to the server that listens on `path`, as its administrator."""
    return connect(path, getpass.getuser(), "", "")


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def installed() -> bool:
    """Return whether MariaDB's server is on this machine."""
    return _find("mariadbd") is not None


def _find(name: str) -> str | None:
    # Debian and Fedora install servers outside the PATH of ordinary users.
    places = (os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/libexec")
    return shutil.which(name, path=os.pathsep.join(places))


def _program(name: str) -> str:
    found = _find(name)
    if not found:
        raise UserError(
            f"{name} is not installed: the SQL mirror needs MariaDB's server in Aurora's place. "
            "Install it: `make mariadb`"
        )
    return found
