"""Each method of the library, against what plain Python makes of the same rows."""

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import reinventure
from reinventure.aws import change_watcher
from reinventure.aws.change_watcher import Watch
from reinventure.aws.deployed_catalog import DeployedCatalog
from s3_catalog.model.inspection_result import InspectionResult
from s3_catalog.model.row import Row
from s3_catalog.totals.tally import Tally
from tests.unit.cli.content import add_row, put_object
from tests.unit.library.messages import message

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DIGEST = "0f" * 32


def some_rows(catalog: DeployedCatalog, count: int = 80) -> list[Row]:
    """Write different rows, some of deleted objects; return them in key order."""
    chosen = random.Random(17)  # noqa: S311 (the same rows each time)
    rows = []
    for number in range(count):
        folder = chosen.choice(["", "a/", "a/b/", "a/b/c/d/", "ab/", "ü/"])
        properties: dict[str, Any] = {
            "size": chosen.choice([0, 999, 1000, 1001, 5_000_000]),
            "event_time": f"2026-11-{chosen.randrange(1, 29):02}T12:00:00.000Z",
            "storage_class": chosen.choice([None, "GLACIER"]),
            "requester": chosen.choice([None, "AROAEXAMPLE:ann", "AROAEXAMPLE:bob"]),
            "inspected": chosen.choice(
                [
                    None,
                    InspectionResult("2026-11-23", "00" * 32, "image/png", width=640, height=480),
                    InspectionResult("2026-11-23", DIGEST, "text/csv", rows=20),
                ]
            ),
        }
        if chosen.random() < 0.2:
            properties |= {"size": None, "etag": None, "expires_at": 1, "inspected": None}
            properties["storage_class"] = None
        end = chosen.choice(["", ".log", ".JPG"])
        rows.append(add_row(catalog, f"{folder}{number}{end}", **properties))
    return sorted(rows, key=lambda row: row.key)


def test_rows_are_those_of_the_objects_under_the_prefix_in_key_order(
    catalog: DeployedCatalog, here: reinventure.Catalog
) -> None:
    rows = [row for row in some_rows(catalog) if not row.deleted]
    for prefix in ("", "a", "a/", "a/b/c/", "ü/", "none/"):
        under = [row for row in rows if row.key.startswith(prefix)]
        for where in (prefix, f"s3://{catalog.bucket}/{prefix}"):
            assert list(here.rows(where)) == under
            assert list(here.rows(where, consistent=True)) == under
            listed = [each for part in here.listing(where) for each in part]
            assert [(each.key, each.size, each.event_time) for each in listed] == [
                (row.key, row.size, row.event_time) for row in under
            ]


CONDITIONS: list[tuple[dict[str, Any], Callable[[Row], bool]]] = [
    ({}, lambda _: True),
    ({"where": "a/", "suffix": ".log"}, lambda row: row.key[:2] == "a/" and row.key[-4:] == ".log"),
    ({"larger": 1000}, lambda row: (row.size or 0) > 1000),
    ({"larger": "1k"}, lambda row: (row.size or 0) > 1000),
    ({"smaller": 1000}, lambda row: row.size in (0, 999)),
    ({"smaller": "1000"}, lambda row: row.size in (0, 999)),
    ({"newer": datetime(2026, 11, 14, 12, tzinfo=UTC)}, lambda row: row.event_time[8:10] >= "14"),
    ({"newer": datetime(2026, 11, 14, 12)}, lambda row: row.event_time[8:10] >= "14"),  # noqa: DTZ001
    ({"newer": "2026-11-14T13:00+01:00"}, lambda row: row.event_time[8:10] >= "14"),
    ({"older": datetime(2026, 11, 14, 12, tzinfo=UTC)}, lambda row: row.event_time[8:10] < "14"),
    ({"older": "2026-11-14"}, lambda row: row.event_time[8:10] < "14"),
    ({"storage_class": "glacier"}, lambda row: row.storage_class == "GLACIER"),
    ({"storage_class": "STANDARD"}, lambda row: row.storage_class is None),
    ({"by": "ann"}, lambda row: row.requester == "AROAEXAMPLE:ann"),
    ({"content_type": "IMAGE/*"}, lambda row: bool(row.inspected and row.inspected.width)),
    ({"sha256": DIGEST.upper()}, lambda row: bool(row.inspected and row.inspected.rows)),
    ({"wider": 639}, lambda row: bool(row.inspected and row.inspected.width)),
    ({"wider": 640}, lambda _: False),
    ({"rows_over": 19}, lambda row: bool(row.inspected and row.inspected.rows)),
    ({"rows_over": 20}, lambda _: False),
    ({"larger": 0, "by": "bob"}, lambda row: bool(row.size and row.requester == "AROAEXAMPLE:bob")),
]


@pytest.mark.parametrize(
    ("conditions", "matches"), CONDITIONS, ids=[str(conditions) for conditions, _ in CONDITIONS]
)
def test_find_selects_by_each_condition(
    catalog: DeployedCatalog,
    here: reinventure.Catalog,
    conditions: dict[str, Any],
    matches: Callable[[Row], bool],
) -> None:
    rows = [row for row in some_rows(catalog) if not row.deleted]
    expected = [row for row in rows if matches(row)]
    assert list(here.find(**conditions)) == expected
    assert list(here.find(**conditions, limit=2)) == expected[:2]


@pytest.fixture
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A time zone of the process that is not UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EST5")
        time.tzset()
        yield
    time.tzset()


def test_a_time_without_a_zone_is_utc_wherever_the_process_runs(
    catalog: DeployedCatalog, here: reinventure.Catalog, in_new_york: None
) -> None:
    add_row(catalog, "a", event_time="2026-11-14T12:00:00.000Z")
    noon = datetime(2026, 11, 14, 12)  # noqa: DTZ001 (the case)
    assert [row.key for row in here.find(newer=noon)] == ["a"]
    assert list(here.find(newer=noon + timedelta(milliseconds=1))) == []
    assert list(here.find(older=noon)) == []


def test_find_selects_the_deleted(catalog: DeployedCatalog, here: reinventure.Catalog) -> None:
    gone = [row for row in some_rows(catalog) if row.deleted]
    assert len(gone) > 5
    assert list(here.find(deleted=True)) == gone
    by_ann = [row for row in gone if row.requester == "AROAEXAMPLE:ann"]
    assert list(here.find(deleted=True, by="ann", newer="2026-11-01")) == by_ann


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"deleted": True, "larger": 0}, "a deleted object has no size"),
        ({"deleted": True, "smaller": 0}, "a deleted object has no size"),
        ({"deleted": True, "storage_class": "GLACIER"}, "a deleted object has no storage class"),
        ({"deleted": True, "wider": 0}, "a deleted object has no content"),
        ({"deleted": True, "content_type": "a/b"}, "a deleted object has no content"),
        ({"larger": "5 elephants"}, "invalid size '5 elephants'"),
        ({"newer": "soon"}, "invalid time 'soon'"),
        ({"content_type": "*/png"}, "invalid content type"),
        ({"sha256": "abc"}, "invalid SHA-256 'abc'"),
        ({"limit": 0}, "invalid limit 0: use at least 1"),
        ({"where": "s3://Photos/"}, "invalid URL 's3://Photos/'"),
        ({"where": "s3://photos-prod/"}, "s3://photos-prod is not in the catalog, which has s3://"),
        ({"where": "s3://photos-prod/", "every_bucket": True}, "the URL has the bucket already"),
    ],
)
def test_an_invalid_condition_is_an_error_at_once(
    here: reinventure.Catalog, conditions: dict[str, Any], message: str
) -> None:
    with pytest.raises(reinventure.UserError) as raised:
        here.find(**conditions)
    assert message in str(raised.value)
    assert isinstance(raised.value, reinventure.CatalogError)


def test_what_was_found_says_how_many_rows_were_read(
    catalog: DeployedCatalog, here: reinventure.Catalog
) -> None:
    for number in range(9):
        add_row(catalog, f"a/{number}", size=number)
    found = here.find("a/", larger=6)
    assert found.rows_read == 0
    assert [row.size for row in found] == [7, 8]
    assert found.rows_read == 9


def test_a_row_is_read_by_its_key(catalog: DeployedCatalog, here: reinventure.Catalog) -> None:
    row = add_row(catalog, "a/b", size=7)
    gone = add_row(catalog, "a/gone", size=None, etag=None, expires_at=1)
    assert here.row("a/b") == row
    assert here.row(f"s3://{catalog.bucket}/a/b") == row
    assert here.row("a/gone") == gone
    assert here.row("a/") is None
    for key in ("", "x" * 1025):
        with pytest.raises(reinventure.UserError, match="S3 allows 1 to 1024"):
            here.row(key)


def test_stat_compares_a_key_with_the_bucket(
    catalog: DeployedCatalog, here: reinventure.Catalog
) -> None:
    put_object(catalog, "equal", b"12")
    add_row(catalog, "ghost")
    equal = here.stat("equal")
    assert (equal.agree, [version.size for version in equal.versions]) == (True, [2])
    assert equal.row == here.row("equal")
    assert (here.stat("ghost").agree, here.stat("ghost").versions) == (False, [])


def test_totals_are_read_where_they_are_kept(
    catalog: DeployedCatalog, here: reinventure.Catalog
) -> None:
    for folder, objects, size in [("", 1, 10), ("a/", 2, 200), ("a/b/", 3, 3000)]:
        assert catalog.totals().correct(catalog.bucket, folder, Tally(objects, size), None)
    assert here.has_totals(depth=3)
    assert not here.has_totals(depth=4)
    assert not here.has_totals("a")
    whole = here.totals(depth=2)
    assert (whole.folder, whole.objects, whole.bytes) == ("", 6, 3210)
    assert [(each.folder, each.objects, each.bytes) for each in whole.folders] == [
        ("a/", 5, 3200),
        ("a/b/", 3, 3000),
    ]
    assert whole.counted_until is not None
    assert datetime.now(UTC) - whole.counted_until < timedelta(minutes=1)
    assert here.totals("a/b/").folders == ()


def test_totals_are_counted_from_the_rows_elsewhere(
    catalog: DeployedCatalog, here: reinventure.Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reinventure.reporting.STRIDE", 10)
    rows = [row for row in some_rows(catalog) if not row.deleted]
    reports: list[int] = []
    found = here.totals("a", depth=4, progress=reports.append)
    under = [row for row in rows if row.key.startswith("a")]
    assert (found.folder, found.objects, found.bytes) == (
        "a",
        len(under),
        sum(row.size or 0 for row in under),
    )
    assert {each.folder: (each.objects, each.bytes) for each in found.folders} == {
        folder: (
            len([row for row in under if row.key.startswith(folder)]),
            sum(row.size or 0 for row in under if row.key.startswith(folder)),
        )
        for folder in ("a/", "a/b/", "a/b/c/", "a/b/c/d/", "ab/")
    }
    assert found.counted_until is None
    assert reports == [10] * (len(under) // 10)


def test_verify_yields_each_difference_and_counts_the_keys(
    catalog: DeployedCatalog, here: reinventure.Catalog
) -> None:
    for key in ("a/equal", "a/stale", "b"):
        put_object(catalog, key)
    add_row(catalog, "a/ghost")
    add_row(catalog, "a/stale", size=99)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="a/missing", Body=b"123")
    comparison = here.verify("a/")
    found = list(comparison)
    assert [(each.kind.value, each.bucket, each.key) for each in found] == [
        ("ghost", catalog.bucket, "a/ghost"),
        ("missing", catalog.bucket, "a/missing"),
        ("stale", catalog.bucket, "a/stale"),
    ]
    assert [(each.stored and each.stored.size, each.row and each.row.size) for each in found] == [
        (None, catalog.store().read(catalog.bucket, "a/ghost").size),  # type: ignore[union-attr]
        (3, None),
        (1, 99),
    ]
    assert (comparison.compared, comparison.equal) == (4, False)
    assert comparison.kinds[reinventure.DifferenceKind.GHOST] == 1
    equal = here.verify("b")
    assert (list(equal), equal.compared, equal.equal) == ([], 1, True)


def test_verify_reports_its_progress_and_writes_nothing(
    catalog: DeployedCatalog, here: reinventure.Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reinventure.reporting.STRIDE", 2)
    for key in "abcde":
        put_object(catalog, key)
    reports: list[int] = []
    assert list(here.verify(progress=reports.append)) == []
    assert reports == [2, 2]
    assert catalog.last_verified().moments() == {}


def test_a_bucket_has_its_total(catalog: DeployedCatalog, here: reinventure.Catalog) -> None:
    assert catalog.totals().correct(catalog.bucket, "", Tally(2, 20), None)
    [own] = here.buckets()
    assert (own.bucket, own.prefixes, own.own, own.problem) == (catalog.bucket, ("",), True, None)
    assert (own.total.objects, own.total.bytes, own.verified) == (2, 20, None)


def test_a_catalog_of_several_buckets_needs_the_name_of_one(many: reinventure.Catalog) -> None:
    for method in (many.rows, many.listing, many.find, many.stat, many.row):
        with pytest.raises(reinventure.UserError, match="name one of them: s3://"):
            method("in/a")
    part = many.deployed.scope.buckets[0]
    for method in (many.stat, many.row):
        with pytest.raises(reinventure.UserError, match="is not in the catalog, which has"):
            method(f"s3://{part}/out")


def test_every_bucket_is_searched_summed_and_compared(many: reinventure.Catalog) -> None:
    names = many.deployed.scope.buckets
    assert len(names) == 3
    for number, name in enumerate(names):
        each = many.deployed.choose(name)
        add_row(each, "in/a", size=number)
        assert each.totals().correct(name, "in/", Tally(1, number), None)
    found = many.find("in/", every_bucket=True, larger=0)
    assert [(row.bucket, row.key) for row in found] == [(name, "in/a") for name in names[1:]]
    assert found.rows_read == 3
    totals = many.totals(depth=1)
    assert (totals.folder, totals.objects, totals.bytes) == ("s3://", 3, 3)
    assert [(each.folder, each.bytes) for each in totals.folders] == [
        (f"s3://{name}/", number) for number, name in enumerate(names)
    ]
    deeper = [(each.folder, each.bytes) for each in many.totals(depth=2).folders]
    assert deeper == [
        (f"s3://{name}/{folder}", number)
        for number, name in enumerate(names)
        for folder in ("", "in/")
    ]
    comparison = many.verify()
    assert [(each.bucket, each.kind.value) for each in comparison] == [
        (name, "ghost") for name in names
    ]
    assert comparison.compared == 3
    assert repr(many) == (
        f"<Catalog 'Catalog' in us-east-1: {', '.join(f's3://{name}/' for name in names)}>"
    )


# changes


def queues(catalog: DeployedCatalog) -> list[str]:
    sqs = catalog.session.client("sqs")
    urls: list[str] = sqs.list_queues(QueueNamePrefix="Catalog-watch-").get("QueueUrls", [])
    return urls


def test_changes_come_once_in_order_and_end_when_it_is_quiet(
    catalog: DeployedCatalog, here: reinventure.Catalog, published: list[dict[str, Any]]
) -> None:
    first = message(catalog, "a/1", "1")
    gone = message(catalog, "a/1", "2", kind="deleted", old=first["new"], new=None)
    published += [first, first, message(catalog, "b", "1"), gone, first]
    with here.changes("a/", quiet=1) as changes:
        assert len(queues(catalog)) == 1
        created, deleted = list(changes)
    assert queues(catalog) == []
    at = datetime(2026, 11, 23, 10, 16, tzinfo=UTC)
    state = reinventure.ObjectState(9, "0cc175b9", "v1", at, "GLACIER", None)
    assert created == reinventure.Change(
        *("created", catalog.bucket, "a/1", at, "ObjectCreated:Put"),
        *("AROAEXAMPLE:ann", "192.0.2.44", None, state, first),
    )
    assert (deleted.kind, deleted.old, deleted.new) == ("deleted", state, None)


def test_changes_of_every_bucket(
    catalog: DeployedCatalog, many: reinventure.Catalog, published: list[dict[str, Any]]
) -> None:
    names = many.deployed.scope.buckets
    published += [message(catalog, "in/a", "1", bucket=name) for name in names]
    with many.changes("in/", every_bucket=True, quiet=1) as changes:
        assert sorted(change.bucket for change in changes) == sorted(names)
    with many.changes(f"s3://{names[1]}/in/", quiet=1) as changes:
        assert [change.bucket for change in changes] == [names[1]]


def test_time_spent_on_a_change_is_not_quiet_time(
    catalog: DeployedCatalog,
    here: reinventure.Catalog,
    published: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published += [message(catalog, f"{number:02}", "1") for number in range(11)]
    clock = [0.0]
    monkeypatch.setattr("reinventure.library.time.monotonic", lambda: clock[0])
    seen = []
    with here.changes(quiet=30, between=lambda: None) as changes:
        for change in changes:
            seen.append(change.key)
            clock[0] += 100
            if len(seen) == 11:
                break
    assert len(seen) == 11


def test_what_is_raised_between_polls_ends_the_changes(
    catalog: DeployedCatalog, here: reinventure.Catalog
) -> None:
    def stop() -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError), here.changes(between=stop) as changes:
        next(changes)
    assert queues(catalog) == []


def test_the_polls_fit_the_quiet_time(
    here: reinventure.Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls: dict[float | None, int] = {}
    for quiet in (None, 1, 1.5, 20, 21, 30, 60):

        def listening(self: Watch, of: float | None = quiet) -> Any:
            polls[of] = self._poll_seconds
            raise InterruptedError

        monkeypatch.setattr(Watch, "listening", listening)
        with pytest.raises(InterruptedError), here.changes(quiet=quiet):
            pass
    assert polls == {None: 20, 1: 1, 1.5: 2, 20: 20, 21: 11, 30: 15, 60: 20}
    assert change_watcher.POLL_SECONDS == 20
    too_short = pytest.raises(reinventure.UserError, match=r"seconds 0.5: use at least 1")
    with too_short, here.changes(quiet=0.5):
        pass


# open


def test_it_opens_with_a_session_of_the_user(
    catalog: DeployedCatalog, session: boto3.Session
) -> None:
    assert reinventure.open(session=session).deployed.session is session
    with pytest.raises(reinventure.UserError, match="session with profile or region"):
        reinventure.open(session=session, region="eu-west-1")


def test_there_must_be_such_a_stack(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(reinventure.NoStackError) as raised:
        reinventure.open("Sql")
    assert isinstance(raised.value, reinventure.UserError)


def test_errors_of_aws_are_those_of_botocore(
    catalog: DeployedCatalog, here: reinventure.Catalog
) -> None:
    catalog.dynamodb.delete_table(TableName=catalog.table)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        list(here.rows())
