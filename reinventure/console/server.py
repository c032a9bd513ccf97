"""The process of the console: a port of the loopback, the application, and the work behind it."""

import asyncio
import secrets
import signal
import socket
import threading
from collections.abc import Callable
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


def run(here: Served, port: int, ready: Callable[[str], None]) -> signal.Signals:
    """Serve the console at `port` of 127.0.0.1, 0 for any free one, until a signal ends it.

    Calls `ready` with its address, in a thread of its own, once it answers. Returns the signal:
    SIGINT, SIGTERM or SIGHUP. Raises UserError if the port is taken.
    """
    return asyncio.run(_serve(here, _bound(port), ready))


def _bound(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise UserError(f"port {port} of {HOST} cannot be used: {error.strerror}") from None


async def _serve(
    here: Served, listener: socket.socket, ready: Callable[[str], None]
) -> signal.Signals:
    config = Config()
    port = listener.getsockname()[1]
    # The port is bound here: no other process can take it in between. Hypercorn closes it.
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = None
    # A bug has its traceback on stderr.
    config.loglevel = "ERROR"
    config.graceful_timeout = _SHUTDOWN_SECONDS
    config.include_server_header = False
    guarded = application(here, port=port, token=secrets.token_urlsafe(32))
    background = BackgroundWork(here)
    stopped = _signalled()

    async def stopping() -> None:
        await asyncio.wait([stopped])
        # Streams of events end by themselves then; hypercorn would wait for them.
        here.events.close()

    background.start()
    try:
        threading.Thread(target=ready, args=[guarded.address], daemon=True).start()
        await serve(cast("Framework", guarded), config, shutdown_trigger=stopping)
    finally:
        here.events.close()
        await asyncio.to_thread(background.stop)
    return stopped.result()


def _signalled() -> asyncio.Future[signal.Signals]:
    """Return the first signal that ends the console, as a future."""
    loop = asyncio.get_running_loop()
    first: asyncio.Future[signal.Signals] = loop.create_future()

    def end(number: signal.Signals) -> None:
        if not first.done():
            first.set_result(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # `nohup` sets SIGHUP to be ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, end, number)
    return first
