"""The local cloud: MiniStack as one background process on a free loopback port.

IAM is enforced and every connection is TLS, because the templates demand both. The process holds
all state in memory: when it ends, buckets and tables are gone.
"""

import json
import os
import shlex
import shutil
import socket
import ssl
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

import psutil

from reinventure import cdk_cli as cdk
from reinventure.errors import UserError, ending
from reinventure.local import background_process as background
from reinventure.local import emulator

LOCAL = cdk.ROOT / ".local"
"""The folder of the local cloud of this checkout."""

REGION = "us-east-1"
_HOST = "127.0.0.1"
_NAME = "cloud"
_START_SECONDS = 60


@dataclass(frozen=True)
class Cloud:
    """A local cloud at `port`, whose files are in `directory`."""

    directory: Path
    port: int

    @property
    def endpoint(self) -> str:
        """The URL of all its services."""
        return f"https://{_HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """The output of the emulator and of the functions in it."""
        return background.log(self.directory, _NAME)

    @property
    def tls(self) -> tuple[Path, Path]:
        """Its certificate, which `environment` trusts, and the certificate's private key."""
        return _certificate(self.directory), _key(self.directory)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point any AWS client at this cloud."""
        return _client_environment(self.directory, self.port)

    @property
    def access(self) -> dict[str, Any]:
        """Arguments that point a boto3 client at this cloud, whatever the process's environment."""
        return {
            "endpoint_url": self.endpoint,
            "verify": self.environment["AWS_CA_BUNDLE"],
            "region_name": REGION,
            "aws_access_key_id": self.environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.environment["AWS_SECRET_ACCESS_KEY"],
        }

    def processes(self) -> list[psutil.Process]:
        """Return the emulator, if it is alive, and the workers in which it runs functions."""
        process = background.running(self.directory, _NAME)
        return background.family(process) if process else []

    def answers(self) -> bool:
        """Whether it is ready to serve requests."""
        context = ssl.create_default_context(cafile=str(_certificate(self.directory)))
        try:
            # The scheme is https and the host is this machine.
            urllib.request.urlopen(  # noqa: S310
                f"{self.endpoint}/_ministack/ready", timeout=5, context=context
            ).close()
        except (URLError, TimeoutError, ConnectionError):
            return False
        return True


def find(directory: Path) -> Cloud | None:
    """Return the cloud of `directory` if it runs and answers, else None."""
    cloud = _recorded(directory)
    return cloud if cloud and background.running(directory, _NAME) and cloud.answers() else None


def start(directory: Path) -> Cloud:
    """Start a cloud whose files go to `directory`, and return when it answers.

    Stops an earlier one there and removes its files first.

    Raises UserError when another version of the emulator is installed, or when the cloud does not
    come up, with the end of its log.
    """
    emulator.check_version()
    stop(directory)
    (directory / "tmp").mkdir(parents=True)
    _make_certificate(directory)
    # The port is bound here and inherited: no other process can take it in between.
    with socket.create_server((_HOST, 0)) as listener:
        port = listener.getsockname()[1]
        background.start(
            directory,
            _NAME,
            [
                *(*emulator.COMMAND, "--bind", f"fd://{listener.fileno()}"),
                *("--certfile", str(_certificate(directory)), "--keyfile", str(_key(directory))),
            ],
            environment=_server_environment(directory, port),
            cwd=directory,
            inherited=[listener.fileno()],
        )
    _record(directory).write_text(json.dumps({"port": port}))
    cloud = Cloud(directory, port)
    deadline = time.monotonic() + _START_SECONDS
    while not cloud.answers():
        if not background.running(directory, _NAME) or time.monotonic() > deadline:
            ending_of_log = ending(cloud.log)
            stop(directory)
            raise UserError(f"the local cloud did not start. The end of its log:\n{ending_of_log}")
        time.sleep(0.05)
    return cloud


def stop(directory: Path) -> bool:
    """Stop the cloud of `directory` and its parts, in whatever state; remove its files.

    Returns whether it was running. Other files in `directory` stay.
    """
    ran = background.running(directory, _NAME) is not None
    background.stop(directory)
    for name in ("tmp", "tls"):
        shutil.rmtree(directory / name, ignore_errors=True)
    for path in (_record(directory), _settings(directory), directory / "env"):
        path.unlink(missing_ok=True)
    return ran


def write_environment_file(cloud: Cloud, **more: str) -> Path:
    """Write `env`, the lines of `export` that point a shell at `cloud`; return its path.

    `more` are further variables, by name.
    """
    path = cloud.directory / "env"
    variables = {**cloud.environment, **more}
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    path.write_text("".join(lines))
    return path


def write_settings(cloud: Cloud, settings: Sequence[str]) -> None:
    """Record, atomically, the `settings` that the stacks in `cloud` are deployed with.

    They are like `transport=sqs`. They end with the cloud, whose buckets do as well.
    """
    draft = _settings(cloud.directory).with_suffix(".new")
    draft.write_text(json.dumps(list(settings)))
    draft.replace(_settings(cloud.directory))


def settings(cloud: Cloud) -> list[str]:
    """Return the settings that the stacks in `cloud` are deployed with.

    Raises UserError if they are not recorded: an earlier version has deployed them.
    """
    try:
        found: list[str] = json.loads(_settings(cloud.directory).read_text())
    except FileNotFoundError:
        raise UserError(
            f"the settings of the local cloud in {cloud.directory} are not recorded. Start it "
            "again: `make down`, which deletes its data, and `make up`"
        ) from None
    return found


def _recorded(directory: Path) -> Cloud | None:
    try:
        return Cloud(directory, **json.loads(_record(directory).read_text()))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        # Never started, or the machine stopped while the file was being written.
        return None


def _record(directory: Path) -> Path:
    return directory / "cloud.json"


def _settings(directory: Path) -> Path:
    return directory / "settings.json"


def _certificate(directory: Path) -> Path:
    return directory / "tls" / "certificate.pem"


def _key(directory: Path) -> Path:
    return directory / "tls" / "key.pem"


def _make_certificate(directory: Path) -> None:
    """Write a certificate for this machine's loopback, with its issuer's in the same file."""
    import trustme  # noqa: PLC0415 (it takes a tenth of the start of every command)

    authority = trustme.CA()
    issued = authority.issue_cert("localhost", _HOST)
    (directory / "tls").mkdir(mode=0o700)
    for part in (*issued.cert_chain_pems, authority.cert_pem):
        part.write_to_path(str(_certificate(directory)), append=True)
    issued.private_key_pem.write_to_path(str(_key(directory)))


def _client_environment(directory: Path, port: int) -> dict[str, str]:
    endpoint = f"https://{_HOST}:{port}"
    certificate = str(_certificate(directory))
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_S3": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CA_BUNDLE": certificate,
        "NODE_EXTRA_CA_CERTS": certificate,
    }


def _server_environment(directory: Path, port: int) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "LAMBDA_"))
    }
    return {
        **inherited,
        **_client_environment(directory, port),
        **emulator.ENVIRONMENT,
        "MINISTACK_SSL_CERT": str(_certificate(directory)),
        "MINISTACK_SSL_KEY": str(_key(directory)),
        "MINISTACK_HOST": _HOST,
        "MINISTACK_REGION": REGION,
        "GATEWAY_PORT": str(port),
        "SSL_CERT_FILE": str(_certificate(directory)),
        "TMPDIR": str(directory / "tmp"),
    }
