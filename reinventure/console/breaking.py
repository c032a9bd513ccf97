"""Breaking the local cloud on purpose, with traffic that shows it, and watching it heal."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from botocore.exceptions import BotoCoreError, ClientError

from reinventure.aws.connection import explain
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.breakages import SECONDS
from reinventure.console.comparison_state import Comparison, ComparisonState
from reinventure.console.settling import settled
from reinventure.console.tour_traffic import TourTraffic
from reinventure.contract import function_name
from reinventure.local.fault_control import Fault, FaultControl
from s3_catalog.model.timestamps import utc_now

CHANGES_PER_SECOND = 3.0
"""Of the traffic while a fault is on: at most 60 in all, for a fault stays 20 seconds."""

_COMPARED_SECONDS = 2.0
"""Between two comparisons while a fault is on."""


class Phase(Enum):
    """Where a fault has got to."""

    NONE = "none"
    """Nothing was broken yet."""
    ON = "on"
    HEALING = "healing"
    """It has ended; the catalog is catching up."""
    EQUAL = "equal"
    """The catalog equalled its bucket again, by itself."""
    DIFFERS = "differs"
    """Differences stayed that only the remedy makes right, or the comparison failed."""


@dataclass(frozen=True, slots=True)
class Breaking:
    """What was broken last. `until` is when it ends by itself, `most` the most keys that differed.

    `problem` is why it did not work, None if it did.
    """

    phase: Phase = Phase.NONE
    fault: Fault | None = None
    until: datetime | None = None
    changes: int = 0
    most: int = 0
    problem: str | None = None


class FaultRun:
    """Runs one fault at a time on the local cloud of `catalog`.

    `changed` is called after each change of what is shown. `seconds`: how long a fault stays.
    """

    def __init__(
        self,
        catalog: DeployedCatalog,
        control: FaultControl,
        traffic: TourTraffic,
        comparison: ComparisonState,
        changed: Callable[[Breaking], None],
        *,
        seconds: int = SECONDS,
    ) -> None:
        self._catalog, self._control, self._traffic = catalog, control, traffic
        self._comparison, self._changed, self._seconds = comparison, changed, seconds
        self._shown = Breaking()
        self._lock = threading.Lock()
        self._ended, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def shown(self) -> Breaking:
        """Return what was broken last."""
        return self._shown

    @property
    def busy(self) -> bool:
        """Whether a fault is on, or the catalog is catching up after one."""
        return self._shown.phase in (Phase.ON, Phase.HEALING)

    def begin(self, fault: Fault) -> bool:
        """Switch `fault` on, with traffic; return False if another one has not ended."""
        with self._lock:
            if self.busy or self._stopping.is_set():
                return False
            self._shown = Breaking(Phase.ON, fault)
            self._ended.clear()
            self._thread = threading.Thread(
                target=self._run, args=[fault], name="fault", daemon=True
            )
            self._thread.start()
        return True

    def end(self) -> None:
        """End the fault that is on, if there is one."""
        self._ended.set()

    def join(self) -> None:
        """Wait until the last fault has ended and the catalog has settled."""
        if self._thread:
            self._thread.join()

    @contextmanager
    def broken(self, fault: Fault) -> Iterator[None]:
        """Have `fault` on, for no longer than a fault stays."""
        until = self._control.begin(fault, self._target(fault), self._seconds)
        self._shown = Breaking()
        try:
            self._show(phase=Phase.ON, fault=fault, until=until)
            yield
        finally:
            self._control.end(fault)
            self._show(phase=Phase.HEALING, until=None)

    def heal(self, stopping: threading.Event) -> Comparison:
        """Wait until the catalog has settled after a fault, or for `stopping`; return what differs.

        What stays is for `repair` or `redrive`.
        """
        found = settled(self._comparison, stopping)
        equal = not found.differ and not found.problem
        self._show(
            phase=Phase.EQUAL if equal else Phase.DIFFERS,
            most=max(self._shown.most, found.differ),
            problem=found.problem,
        )
        return found

    def tidy(self) -> None:
        """End all faults and delete what the traffic has left, of this run or an earlier one."""
        try:
            self._control.end()
            self._traffic.clean_up()
        finally:
            if self.busy:
                # The tour has ended in the middle of it. Another fault may begin.
                self._show(phase=Phase.NONE, fault=None, until=None)

    def start(self) -> None:
        """Tidy up what an earlier console left."""
        self._try_to_tidy()

    def stop(self) -> None:
        """End the fault that is on, and tidy up. If the cloud is gone, so are its faults."""
        self._stopping.set()
        self._ended.set()
        self.join()
        self._try_to_tidy()

    def _try_to_tidy(self) -> None:
        try:
            self.tidy()
        except (ClientError, BotoCoreError) as error:
            self._show(problem=explain(error))

    def _target(self, fault: Fault) -> str:
        if fault in (Fault.INGEST_FAILS, Fault.PROCESS_KILLED):
            return function_name(self._catalog.outputs.ingest_arn)
        return self._catalog.table if fault is Fault.TABLE_THROTTLED else self._traffic.bucket

    def _run(self, fault: Fault) -> None:
        try:
            with self.broken(fault):
                self._change_until_the_end()
            self.heal(self._stopping)
        except (ClientError, BotoCoreError) as error:
            self._show(phase=Phase.NONE, until=None, problem=explain(error))

    def _change_until_the_end(self) -> None:
        until = self._shown.until
        every = round(_COMPARED_SECONDS * CHANGES_PER_SECOND)
        while until and utc_now() < until and not self._ended.is_set():
            number = self._shown.changes
            self._traffic.change(number)
            if number % every == every - 1:
                self._comparison.start(at_once=True)
            differ = self._comparison.shown().differ
            self._show(changes=number + 1, most=max(self._shown.most, differ))
            self._ended.wait(1 / CHANGES_PER_SECOND)

    def _show(self, **changes: object) -> None:
        self._shown = replace(self._shown, **changes)  # type: ignore[arg-type]
        self._changed(self._shown)


def data(breaking: Breaking) -> dict[str, object]:
    """Return what the event `breaking` has, as JSON."""
    return {
        "phase": breaking.phase.value,
        "fault": breaking.fault.value if breaking.fault else None,
        "changes": breaking.changes,
        "problem": breaking.problem,
    }
