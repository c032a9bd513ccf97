"""The switch between other writers: the one window in which a change of theirs is lost."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3_catalog.attachment.bucket_notifications import BucketNotifications
from s3_catalog.attachment.eventbridge_switch import MAX_ATTEMPTS, EventBridgeSwitch
from s3_catalog.attachment.notification_document import NotificationDocument
from s3_catalog.exceptions import EventBridgeSwitchError, MalformedError
from tests.unit.attachment.bucket_model import SWITCH, BucketModel, document


def entry(name: str) -> str:
    return f"<QueueConfiguration><Id>{name}</Id><Queue>arn:{name}</Queue></QueueConfiguration>"


ONE, TWO, THREE = entry("one"), entry("two"), entry("three")


def names(content: bytes) -> set[str]:
    """The Ids of the entries in `content`."""
    return {each[3][0][2] for each in NotificationDocument.parse(content).entries}


def is_on(content: bytes) -> bool:
    return NotificationDocument.parse(content).on


READING = ["LOCATE", "GET"]
"""The requests of a reading that may lead to a write."""


def _no_pause(_seconds: float) -> None:
    """Return at once: the model's time is its number of requests."""


@pytest.fixture
def switch(bucket_model: BucketModel, notifications: BucketNotifications) -> EventBridgeSwitch:
    return EventBridgeSwitch(notifications, "photos", "us-east-1", _no_pause)


class Writer:
    """Another writer, who reads, changes and writes, as AWS's own tools do."""

    def __init__(self, model: BucketModel, change: Callable[[set[str]], set[str]]) -> None:
        self._model = model
        self._change = change

    def read(self) -> None:
        self._entries, self._on = names(self._model.content), is_on(self._model.content)

    def write(self) -> None:
        entries = self._change(self._entries)
        self._model.content = document(*map(entry, sorted(entries)), SWITCH if self._on else "")


@pytest.mark.parametrize("on", [True, False])
def test_only_the_switch_is_turned(
    on: bool, switch: EventBridgeSwitch, bucket_model: BucketModel
) -> None:
    bucket_model.content = document(ONE, "" if on else SWITCH, TWO)
    switch.turn(on)
    assert switch.written
    assert is_on(bucket_model.content) == on
    assert names(bucket_model.content) == {"one", "two"}
    assert [method for method, _ in bucket_model.requests] == [*READING, "PUT", "GET"]


@pytest.mark.parametrize("on", [True, False])
def test_nothing_is_written_if_it_is_so_already(
    on: bool, switch: EventBridgeSwitch, bucket_model: BucketModel
) -> None:
    bucket_model.content = document(ONE, SWITCH if on else "")
    switch.turn(on)
    assert not switch.written
    assert [method for method, _ in bucket_model.requests] == READING


CHANGES: dict[str, Callable[[set[str]], set[str]]] = {
    "adds": lambda entries: entries | {"two"},
    "removes": lambda entries: entries - {"one"},
    "replaces": lambda _entries: {"three"},
}

READ, WRITTEN, CHECKED = 2, 3, 4
"""What we have done when another writer's step comes: the number of our requests until then."""


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("reads", "writes"), [(i, j) for i in range(CHECKED + 1) for j in range(i, CHECKED + 1)]
)
def test_only_a_write_between_our_reading_and_our_writing_is_lost(
    change: str, reads: int, writes: int, switch: EventBridgeSwitch, bucket_model: BucketModel
) -> None:
    """Every order of our four requests and the two of another writer."""
    bucket_model.content = document(ONE)
    other = Writer(bucket_model, CHANGES[change])
    bucket_model.before[reads].append(other.read)
    bucket_model.before[writes].append(other.write)
    switch.turn(True)
    for step in bucket_model.before[len(bucket_model.requests)]:  # After our last request.
        step()

    lost = writes == READ
    assert names(bucket_model.content) == ({"one"} if lost else CHANGES[change]({"one"}))
    # Who read before our write and writes after our last reading turns it off again, unseen.
    assert is_on(bucket_model.content) == (not (reads <= READ and writes == CHECKED))


STEPS = st.lists(
    st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 16), st.integers(0, 8)), max_size=6
)
FAULTS = st.dictionaries(
    st.integers(0, 16), st.sampled_from([403, 409, 429, 500, 503, "lost"]), max_size=4
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, FAULTS, st.booleans(), st.booleans())
def test_among_any_writers_and_faults_no_entry_that_was_read_is_lost(
    bucket_model: BucketModel,
    notifications: BucketNotifications,
    steps: list[tuple[str, int, int]],
    faults: dict[int, int | str],
    found: bool,
    on: bool,
) -> None:
    bucket_model.reset(document(ONE, TWO, SWITCH if found else ""))
    bucket_model.faults = faults
    for change, start, wait in steps:
        other = Writer(bucket_model, CHANGES[change])
        bucket_model.before[start].append(other.read)
        bucket_model.before[start + wait].append(other.write)
    switch = EventBridgeSwitch(notifications, "photos", "us-east-1", _no_pause)
    switch.turn(on)

    answered = [
        request for n, request in enumerate(bucket_model.requests) if not _failed(faults.get(n))
    ]
    assert answered[-1][0] == "GET"
    assert is_on(answered[-1][1]) == on
    assert switch.written >= any(method == "PUT" for method, _ in answered)
    for (read, before), (method, content) in pairwise(bucket_model.requests):
        if method == "PUT":
            assert read == "GET"
            assert is_on(before) != is_on(content)
            assert names(before) == names(content)


def _failed(fault: int | str | None) -> bool:
    return isinstance(fault, int)


def test_a_conflict_is_merged_with_what_is_there_then(
    switch: EventBridgeSwitch, bucket_model: BucketModel
) -> None:
    bucket_model.content = document(ONE)
    other = Writer(bucket_model, CHANGES["adds"])
    bucket_model.before[2] = [other.read, other.write]
    bucket_model.faults = {2: 409}
    switch.turn(True)
    assert names(bucket_model.content) == {"one", "two"}
    assert is_on(bucket_model.content)


def test_a_write_without_an_answer_counts_as_written(
    switch: EventBridgeSwitch, bucket_model: BucketModel
) -> None:
    bucket_model.faults = {2: "lost"}
    switch.turn(True)
    assert switch.written
    assert [method for method, _ in bucket_model.requests] == [*READING, "PUT", *READING]


@pytest.mark.parametrize("on", [True, False])
def test_a_bucket_of_another_region_is_left_alone(
    on: bool, switch: EventBridgeSwitch, bucket_model: BucketModel
) -> None:
    bucket_model.location = "eu-west-1"
    with pytest.raises(EventBridgeSwitchError, match="is in eu-west-1, where only a catalog"):
        switch.turn(on)
    assert [method for method, _ in bucket_model.requests] == ["LOCATE"]


@pytest.mark.parametrize(("status", "written"), [(403, False), (409, False), (503, True)])
def test_the_number_of_attempts_is_bounded(
    status: int, written: bool, switch: EventBridgeSwitch, bucket_model: BucketModel
) -> None:
    bucket_model.faults = dict.fromkeys(range(2, 100, 3), status)
    with pytest.raises(EventBridgeSwitchError, match=f"photos in 8 attempts: .*Fault{status}"):
        switch.turn(True)
    assert len(bucket_model.requests) == 3 * MAX_ATTEMPTS
    assert switch.written == written


def test_a_writer_who_always_turns_it_off_wins_in_the_end(
    switch: EventBridgeSwitch, bucket_model: BucketModel
) -> None:
    for n in range(3, 100, 4):
        bucket_model.before[n] = [lambda: setattr(bucket_model, "content", document(ONE))]
    with pytest.raises(EventBridgeSwitchError, match="another writer has overwritten it"):
        switch.turn(True)
    assert names(bucket_model.content) == {"one"}


@pytest.mark.parametrize("status", [400, 404])
def test_a_refusal_is_raised_at_once(
    status: int, switch: EventBridgeSwitch, bucket_model: BucketModel
) -> None:
    for number in (0, 1, 2):
        bucket_model.reset()
        bucket_model.faults = {number: status}
        with pytest.raises(ClientError):
            switch.turn(True)
        assert len(bucket_model.requests) == number + 1
        assert not switch.written


def test_a_document_that_is_no_configuration_is_never_written_back(
    switch: EventBridgeSwitch, bucket_model: BucketModel
) -> None:
    bucket_model.content = b"<!DOCTYPE n><NotificationConfiguration/>"
    with pytest.raises(MalformedError):
        switch.turn(True)
    assert [method for method, _ in bucket_model.requests] == READING


def test_the_pauses_grow_to_ten_seconds(
    bucket_model: BucketModel, notifications: BucketNotifications
) -> None:
    pauses: list[float] = []
    bucket_model.faults = dict.fromkeys(range(100), 409)
    with pytest.raises(EventBridgeSwitchError):
        EventBridgeSwitch(notifications, "photos", "us-east-1", pauses.append).turn(True)
    longest = [1, 2, 4, 8, 10, 10, 10]
    assert len(pauses) == len(longest)
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))
