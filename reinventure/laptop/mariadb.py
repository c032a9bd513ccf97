"""MariaDB on this machine, in Aurora's place: Debian's server as an ordinary process.

Its files are in a folder of its own, and it listens on a socket in there: not on the network.
"""

import getpass
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pymysql

from reinventure.errors import UserError

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

_START_SECONDS = 60
_MAX_SOCKET = 100
"""Bytes of a socket's path: the operating system takes a few more."""

_MYSQL_MODE = (
    "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)
"""What MySQL 8.0 is strict about by default: what passes here is to pass there."""


@dataclass(frozen=True)
class MariaDb:
    """A running server: its process, and the path of the socket that it listens on."""

    process: "subprocess.Popen[bytes]"
    path: Path

    def connect(
        self, user: str | None = None, password: str = "", database: str = ""
    ) -> "Connection[Cursor]":
        """Return a connection for `user`, or for whoever runs the server, who may do everything.

        Raises pymysql's OperationalError when the user is not let in.
        """
        return connect(self.path, user or getpass.getuser(), password, database)

    def stop(self) -> None:
        """Stop it at once, and remove the folder of its socket. Its data is not kept in order."""
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.path.parent, ignore_errors=True)


def connect(path: Path, user: str, password: str, database: str) -> "Connection[Cursor]":
    """Return a connection to the server that listens on `path`; each statement commits.

    Raises pymysql's OperationalError when there is none, or it does not let the user in.
    """
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


def start(directory: Path) -> MariaDb:
    """Start a server whose data is in `directory`, which must be new, and return when it answers.

    Raises UserError when it is not installed or does not come up, with the end of its log.
    """
    server, installer = _program("mariadbd"), _program("mariadb-install-db")
    directory.mkdir(parents=True)
    log = directory / "mariadb.log"
    common = [
        "--no-defaults",
        f"--datadir={directory / 'data'}",
        # Only root may choose, and must.
        *([f"--user={getpass.getuser()}"] if os.geteuid() == 0 else []),
    ]
    # In a folder of its own that only we may enter: the path of a socket must be short.
    path = Path(mkdtemp(prefix="reinventure-")) / "mariadb"
    if len(os.fsencode(path)) > _MAX_SOCKET:
        raise UserError(f"the path {path} is too long for a socket. Set TMPDIR to a shorter one.")
    with log.open("wb") as output:
        installed = subprocess.run(
            [installer, *common, "--skip-test-db", "--auth-root-authentication-method=socket"],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if installed.returncode:
            raise UserError(f"MariaDB could not be set up. The end of its log:\n{_end(log)}")
        process = subprocess.Popen(
            [
                *(server, *common, f"--socket={path}", "--skip-networking"),
                *(f"--sql-mode={_MYSQL_MODE}", "--character-set-server=utf8mb4"),
                *("--default-time-zone=+00:00", f"--pid-file={directory / 'mariadb.pid'}"),
                # What is lost with the machine may be lost with its power, too.
                *("--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"),
                *("--innodb-buffer-pool-size=64M", "--performance-schema=OFF"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started = MariaDb(process, path)
    deadline = time.monotonic() + _START_SECONDS
    while not _listens(path):
        if process.poll() is not None or time.monotonic() > deadline:
            started.stop()
            raise UserError(f"MariaDB did not start. The end of its log:\n{_end(log)}")
        time.sleep(0.05)
    return started


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def _program(name: str) -> str:
    # Debian keeps servers where only root looks.
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin")
    if not found:
        raise UserError(
            f"{name} is not installed: the SQL mirror needs MariaDB's server in Aurora's place. "
            "Install it: `sudo apt-get install mariadb-server` (Debian, Ubuntu) or "
            "`brew install mariadb` (macOS)."
        )
    return found


def _end(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])
