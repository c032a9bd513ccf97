"""A console in this process, which a test can stop, start again, and look into."""

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, cast

from hypercorn.asyncio import serve
from hypercorn.config import Config

from reinventure.console.application import application
from reinventure.console.guard import HOST
from reinventure.console.served import Served

if TYPE_CHECKING:
    from hypercorn.typing import Framework

TOKEN = "the-token-of-a-test"  # noqa: S105


class ServedConsole:
    """Serves `here` at one port of the loopback, without the work behind it."""

    def __init__(self, here: Served) -> None:
        self.here = here
        self.port = 0

    @property
    def address(self) -> str:
        """The URL of the console, with the token."""
        return f"http://{HOST}:{self.port}/?token={TOKEN}"

    @property
    def tasks(self) -> int:
        """Number of tasks of the server."""
        return len(asyncio.all_tasks(self._loop))

    def start(self) -> None:
        """Serve, at the same port as before."""
        listener = socket.create_server((HOST, self.port))
        self.port = listener.getsockname()[1]
        config = Config()
        config.bind = [f"fd://{listener.detach()}"]
        config.accesslog = None
        config.graceful_timeout = 0.1
        guarded = application(self.here, port=self.port, token=TOKEN)
        # Its runner closes it.
        self._loop, self._stopping = asyncio.new_event_loop(), asyncio.Event()
        self._thread = threading.Thread(target=self._serve, args=[guarded, config])
        self._thread.start()

    def stop(self) -> None:
        """Close all connections, without a word to the pages; do nothing if it is stopped."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def _serve(self, guarded: object, config: Config) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(
                serve(cast("Framework", guarded), config, shutdown_trigger=self._stopping.wait)
            )
