"""The process of the console: a port of the loopback, the application, and the work behind it."""

import asyncio
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from hypercorn.asyncio import serve
from hypercorn.config import Config

from reinventure.console.application import application
from reinventure.console.background_work import BackgroundWork
from reinventure.console.guard import HOST
from reinventure.console.served import Served
from reinventure.errors import UserError

if TYPE_CHECKING:
    from hypercorn.typing import Framework

_SHUTDOWN_SECONDS = 3
"""For requests in progress when the console is stopped."""


def run(here: Served, port: int, ready: Callable[[str], None]) -> None:
    """Serve the console at `port` of 127.0.0.1, 0 for any free one, until SIGINT or SIGTERM.

    Calls `ready` with its address once it answers. Raises UserError if the port is taken.
    """
    with _bound(port) as listener:
        asyncio.run(_serve(here, listener, ready))


def _bound(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise UserError(f"port {port} of {HOST} cannot be used: {error.strerror}") from None


async def _serve(here: Served, listener: socket.socket, ready: Callable[[str], None]) -> None:
    config = Config()
    # The port is bound here: no other process can take it in between.
    config.bind = [f"fd://{listener.fileno()}"]
    config.accesslog = None
    config.errorlog = None
    config.graceful_timeout = _SHUTDOWN_SECONDS
    config.include_server_header = False
    guarded = application(here, port=listener.getsockname()[1], token=secrets.token_urlsafe(32))
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stopping.set)
    background = BackgroundWork(here)

    async def stopped() -> None:
        await stopping.wait()
        # Streams of events end by themselves then; hypercorn waits for them otherwise.
        here.events.close()

    background.start()
    try:
        threading.Thread(target=ready, args=[guarded.address], daemon=True).start()
        await serve(cast("Framework", guarded), config, shutdown_trigger=stopped)
    finally:
        here.events.close()
        await asyncio.to_thread(background.stop)
