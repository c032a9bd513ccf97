"""An executor without threads: with faults in it, a history is played again as it was."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Self


class AtOnce:
    """Runs each task at once, in the calling thread."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Run `work`."""
        done: Future[Any] = Future()
        done.set_result(work(*arguments))
        return done

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
        """Run `work` on each of `items`."""
        return map(work, items)

    def shutdown(self, **_: object) -> None:
        """Do nothing."""
