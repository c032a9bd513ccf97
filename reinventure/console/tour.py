"""The tour: the demonstration of the project, step by step on the pages of the console.

Each step does something, and ends when what it promises has happened, a page has shown it, and
there was time to read it. If that takes longer than it may, the tour ends and says what did not
come.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws.connection import explain
from reinventure.console import pages
from reinventure.console.breaking import FaultRun
from reinventure.console.command_run import CommandRun
from reinventure.console.comparison_state import ComparisonState
from reinventure.console.event_stream import Event, EventStream
from reinventure.console.followed_changes import FollowedChanges
from reinventure.console.settling import settled
from reinventure.console.tour_traffic import PREFIX, TourTraffic
from reinventure.local.fault_control import Fault
from s3_catalog.model.timestamps import utc_now

LIMIT_SECONDS = 40.0
"""For what a step waits for. On an idle machine a step takes one to five."""

SECONDS_A_WORD = 0.15
"""Time to read a step: 400 words a minute, as much of it is known from the page."""

_POLL_SECONDS = 0.1

_FILES = ("first.txt", "lake.jpg", "mountain.jpg", "notes.md", "report.csv", "train.png")
_KEPT, _GONE = _FILES[1], _FILES[3]
_REWRITTEN = ("a.txt", "b.txt", "c.txt")
_MANY = 20
"""Files of the step that loses one event in ten."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its title and text, the page that shows it, and what must be seen there.

    `page` is a path with its query, `seen` are texts within what the CSS selector `within` selects.
    """

    title: str
    text: str
    page: str
    seen: tuple[str, ...] = ()
    within: str = "main"


_STOPPING = Step("Stopping", "Its files are deleted.", page="")
"""Shown on whatever page it is that a person has gone to."""


@dataclass(frozen=True, slots=True)
class TourState:
    """Where the tour is: step `number` of `count`, from 1; 0 before the first tour.

    `view` counts what pages are to show: a page that has shown it returns the number. `ending` says
    how the last tour ended, None while one runs and before the first.
    """

    number: int = 0
    count: int = 0
    view: int = 0
    step: Step | None = None
    running: bool = False
    ending: str | None = None
    completed: bool = False


class _StoppedError(Exception):
    """The tour is being stopped."""


class _LateError(Exception):
    """What a step promises has not come in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the tour acts with, and waits for."""

    faults: FaultRun
    traffic: TourTraffic
    comparison: ComparisonState
    changes: FollowedChanges
    command: CommandRun
    events: EventStream


class Tour:
    """The tour of one console, on `stage`. `changed` is called after each change of what is shown.

    `reading` is the time for a word, in seconds, and `limit` that for what a step waits for.
    """

    def __init__(
        self,
        stage: Stage,
        changed: Callable[[TourState], None],
        *,
        reading: float = SECONDS_A_WORD,
        limit: float = LIMIT_SECONDS,
    ) -> None:
        self._stage, self._changed = stage, changed
        self._folder = ""
        self._reading, self._limit = reading, limit
        self._shown = TourState()
        self._lock = threading.Lock()
        self._seen, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def shown(self) -> TourState:
        """Return where the tour is."""
        return self._shown

    def start(self) -> bool:
        """Start the tour from its first step; return False if one runs, or a fault is on."""
        with self._lock:
            if self._shown.running or self._stage.faults.busy:
                return False
            self._stopping.clear()
            self._shown = replace(TourState(), running=True, view=self._shown.view)
            self._thread = threading.Thread(target=self._run, name="tour", daemon=True)
            self._thread.start()
        return True

    def saw(self, view: int) -> None:
        """Note that a page has shown view `view`. Any but the current one is ignored."""
        with self._lock:
            if self._shown.running and view == self._shown.view:
                self._seen.set()

    def stop(self) -> None:
        """Stop the tour, if it runs; forget how the last one ended, if not."""
        with self._lock:
            self._stopping.set()
            if self._shown.running:
                self._shown = replace(self._shown, step=_STOPPING)
            else:
                self._shown = TourState(view=self._shown.view)
        self._changed(self._shown)

    def join(self) -> None:
        """Wait until the last tour has ended, and its files are deleted."""
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        ending, completed = "The tour has ended with an error, which the terminal shows.", False
        try:
            try:
                self._play()
                ending, completed = "The tour is over. Its files are deleted.", True
            finally:
                self._stage.faults.tidy()
        except _StoppedError:
            ending = "The tour was stopped. Its files are deleted."
        except _LateError as error:
            ending = f"The tour has ended: {error}."
        except (ClientError, BotoCoreError) as error:
            ending = f"The tour has ended: {explain(error)}"
        finally:
            self._show(running=False, ending=ending, completed=completed)

    def _play(self) -> None:
        # Each tour has keys of its own, so that the life of a key is not that of earlier tours.
        self._folder = f"{utc_now():%H-%M-%S}/"
        steps = (
            self._files_are_put,
            self._files_change,
            self._one_life,
            self._twice_in_reverse,
            self._one_in_ten_is_lost,
            self._differences_are_named,
            self._repaired,
            self._equal,
        )
        for number, play in enumerate(steps, start=1):
            self._show(number=number, count=len(steps))
            play()

    def _files_are_put(self) -> None:
        stage = self._stage
        with self._step(
            pages.LIVE,
            f"{len(_FILES)} files are put",
            "S3 sends an event for each. ingest writes a row, and the change feed publishes it.",
        ):
            self._await(lambda: stage.changes.following, "the change feed could not be followed")
            with self._coming(len(_FILES)):
                keys = [stage.traffic.put(f"{self._folder}{name}") for name in _FILES]
            self._expect(*keys)

    def _files_change(self) -> None:
        traffic = self._stage.traffic
        with self._step(
            pages.LIVE,
            "One is overwritten, one is deleted",
            "Each lights up its way for as long as it took from S3 to the change feed.",
        ):
            with self._coming(2):
                traffic.put(f"{self._folder}{_KEPT}")
                gone = traffic.delete(f"{self._folder}{_GONE}")
            self._expect("updated", "deleted", gone)

    def _one_life(self) -> None:
        key = f"{PREFIX}{self._folder}{_KEPT}"
        with self._step(
            pages.of_key(self._stage.traffic.bucket, key),
            "One key's life",
            "Each event that came, what became of it, and the clause of the rule that decided.",
        ):
            self._expect(key)

    def _twice_in_reverse(self) -> None:
        stage = self._stage
        with self._step(
            pages.BREAK,
            "Break it: everything twice, and in reverse",
            "Three files are overwritten three times. The last event comes first, and each comes "
            "twice. An event is written only if it is certainly later than the row.",
        ):
            with stage.faults.broken(Fault.EVENTS_TWICE_REVERSED):
                for _ in range(3):
                    for name in _REWRITTEN:
                        stage.traffic.put(f"{self._folder}{name}")
                self._expect("On", within=".on")
            if self._differ_after_a_fault():
                raise _LateError("the catalog did not become equal by itself")
            self._expect("EQUAL", within=".badge")

    def _one_in_ten_is_lost(self) -> None:
        stage = self._stage
        with self._step(
            pages.BREAK,
            "Break it for good: one event in ten is lost",
            f"{_MANY} files are put, and S3 loses the events of some. No rule can see what never "
            "came.",
        ):
            with stage.faults.broken(Fault.EVENTS_LOST):
                for number in range(_MANY):
                    stage.traffic.put(f"{self._folder}many/{number:02}.txt")
                self._expect("On", within=".on")
            if not self._differ_after_a_fault():
                raise _LateError("no event was lost")
            self._expect("DIFFER", within=".badge")

    def _differences_are_named(self) -> None:
        with self._step(
            pages.DIFFERENCES,
            "A comparison finds them",
            "It reads the listing of the bucket beside the rows, key by key.",
        ):
            found = self._stage.comparison.shown().found
            ours = [each.difference.key for each in found if each.difference.key.startswith(PREFIX)]
            self._expect(*ours[:1])

    def _repaired(self) -> None:
        command = self._stage.command
        # Before its page is there, which has the name of the command that runs then.
        self._await(lambda: command.start("repair"), "another command did not end")
        with self._step(
            pages.COMMAND,
            "Repair",
            "The command asks S3 for each of these keys, and replaces the rows that are wrong.",
        ):
            self._await(lambda: not command.shown().running, "repair did not end")
            self._expect("Done.")

    def _equal(self) -> None:
        stage = self._stage
        with self._step(
            pages.LIVE,
            "Equal again",
            "Now the files of the tour are deleted, and the catalog follows once more.",
        ):
            stage.traffic.clean_up()
            left = settled(stage.comparison, self._stopping)
            self._check()
            if left.differ:
                raise _LateError("the catalog did not become equal")
            self._expect("EQUAL", within=".badge")

    def _differ_after_a_fault(self) -> int:
        """Return the number of keys that differ once the catalog has settled."""
        found = self._stage.faults.heal(self._stopping)
        # What was stopped has not settled.
        self._check()
        return found.differ

    @contextmanager
    def _step(self, page: str, title: str, text: str) -> Iterator[None]:
        """Show a step on `page` and do it there; end when there was time to read it."""
        self._view(Step(title, text, page), f"no page showed {page}")
        read = time.monotonic() + len(f"{title} {text}".split()) * self._reading
        yield
        while (rest := read - time.monotonic()) > 0:
            self._check()
            self._stopping.wait(rest)

    def _expect(self, *texts: str, within: str = "main") -> None:
        """Wait until the page of the step has shown `texts`."""
        step = self._shown.step
        if step and texts:
            missing = f"the page did not show {' and '.join(texts)}"
            self._view(replace(step, seen=texts, within=within), missing)

    def _view(self, step: Step, missing: str) -> None:
        with self._lock:
            self._check()
            self._seen.clear()
            self._shown = replace(self._shown, step=step, view=self._shown.view + 1)
        self._changed(self._shown)
        self._await(self._seen.is_set, missing)

    @contextmanager
    def _coming(self, count: int) -> Iterator[None]:
        """Wait for `count` changes below the prefix that come through the change feed from here."""
        events = self._stage.events
        position = events.position()
        yield

        def came() -> bool:
            since = events.since(position)
            # None: so many events that these are no longer kept.
            return since is None or sum(_is_ours(each) for each in since) >= count

        self._await(came, f"the change feed did not publish {count} changes")

    def _await(self, condition: Callable[[], bool], missing: str) -> None:
        """Wait for `condition`. Raises _LateError that says what is `missing`, or _StoppedError."""
        deadline = time.monotonic() + self._limit
        while True:
            self._check()
            if condition():
                return
            if time.monotonic() > deadline:
                raise _LateError(f"{missing} within {self._limit:.0f} s")
            self._stopping.wait(_POLL_SECONDS)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise _StoppedError

    def _show(self, **changes: object) -> None:
        with self._lock:
            self._shown = replace(self._shown, **changes)  # type: ignore[arg-type]
        self._changed(self._shown)


def _is_ours(event: Event) -> bool:
    if event.name != "change":
        return False
    return str(json.loads(event.data)["texts"]["key"]).startswith(PREFIX)


def data(tour: TourState) -> dict[str, object]:
    """Return what the event `tour` has, as JSON."""
    step = tour.step
    return {
        "running": tour.running,
        "ending": tour.ending,
        "completed": tour.completed,
        "place": f"Step {tour.number} of {tour.count}" if tour.number else "",
        "title": step.title if step else "",
        "text": step.text if step else "",
        "page": step.page if step else "",
        "seen": list(step.seen) if step else [],
        "within": step.within if step else "main",
        "view": tour.view,
    }
