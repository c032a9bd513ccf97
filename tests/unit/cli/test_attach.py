"""What `attach` finds, shows and refuses, for a catalog with a bucket of its own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from typer.testing import Result

from reinventure import cdk_cli
from reinventure.aws import attach_plan, deployed_stack
from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.aws.object_count import ObjectCount
from reinventure.cli import attach as command
from reinventure.contract import CATALOG
from reinventure.errors import UserError
from s3_catalog.totals.tally import Tally
from tests.unit.attachment.bucket_model import SWITCH, document
from tests.unit.cli.existing_buckets import ExistingBuckets

Run = Callable[..., Result]

KEY = "arn:aws:kms:us-east-1:123456789012:key/1d3f"
FOREIGN = (
    (
        "<QueueConfiguration><Id>thumbnails</Id><Queue>arn:aws:sqs:us-east-1:1:thumbs</Queue>"
        "<Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>prefix</Name>"
        "<Value>in/</Value></FilterRule><FilterRule><Name>suffix</Name><Value>.jpg</Value>"
        "</FilterRule></S3Key></Filter></QueueConfiguration>"
    ),
    (
        "<CloudFunctionConfiguration><Id>scan</Id>"
        "<CloudFunction>arn:aws:lambda:us-east-1:1:function:scan</CloudFunction>"
        "<Event>s3:ObjectCreated:Put</Event><Event>s3:ObjectRemoved:*</Event>"
        "</CloudFunctionConfiguration>"
    ),
    (
        "<TopicConfiguration><Id>all</Id><Topic>arn:aws:sns:us-east-1:1:all</Topic>"
        "<Event>s3:ObjectCreated:*</Event></TopicConfiguration>"
    ),
)


@pytest.fixture
def existing(
    catalog: DeployedCatalog, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ExistingBuckets]:
    with ExistingBuckets(catalog, monkeypatch) as buckets:
        yield buckets


def attach_to(
    existing: ExistingBuckets, monkeypatch: pytest.MonkeyPatch, attached: str | None
) -> None:
    """Give the catalog these attached buckets."""
    outputs = replace(existing.catalog.outputs, attached_buckets=attached)
    existing.stacks[CATALOG] = outputs
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)


def encrypt(existing: ExistingBuckets, bucket: str, key: str | None) -> None:
    """Encrypt new objects under `key`, or AWS's own key."""
    named = {"KMSMasterKeyID": key} if key else {}
    default: Any = {"SSEAlgorithm": "aws:kms", **named}
    existing.catalog.s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )


def refusal(result: Result) -> str:
    """The one line of an error."""
    assert result.exit_code == 2, result.output
    assert result.stdout.strip() == ""
    lines = [line for line in result.stderr.splitlines() if not line.endswith(" ...")]
    assert len(lines) == 1, lines
    return lines[0].removeprefix("reinventure: ")


def test_the_plan_of_a_bucket(
    existing: ExistingBuckets, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    attach_to(existing, monkeypatch, "logs-prod/2026/")
    bucket = existing.add()
    s3, events = existing.catalog.s3, existing.catalog.session.client("events")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    encrypt(existing, bucket, KEY)
    for key in ("holiday/a", "holiday/a", "holiday/b", "other"):
        s3.put_object(Bucket=bucket, Key=key)
    existing.configuration = document(*FOREIGN)
    existing.resources["AWS::IAM::Role"] = [
        ("WorkerRole0A1B2C3D", "Workers-WorkerRole"),
        ("WorkerFleetRole0A1B2C3D", "Workers-FleetRole"),
        ("ExamineRole0A1B2C3D", "Workers-ExamineRole"),
    ]
    events.put_rule(Name="everything", EventPattern='{"source": ["aws.s3"]}')
    events.put_rule(Name="machines", EventPattern='{"source": ["aws.ec2"]}')
    shown = run("attach", f"s3://{bucket}/holiday/", "--plan")
    events.delete_rule(Name="everything")
    events.delete_rule(Name="machines")
    assert shown.exit_code == 0, shown.output
    setting = f"create,logs-prod/2026/,{bucket}/holiday/"
    assert shown.stdout.splitlines() == [
        f"bucket         s3://{bucket}/holiday/",
        "region         us-east-1, as the catalog",
        "versioning     enabled",
        f"encryption     aws:kms, key {KEY}",
        (
            "               content inspection needs kms:Decrypt on it, for its roles "
            "Workers-ExamineRole and Workers-WorkerRole: allow that in the policy of the key, and "
            "of each other key of the objects"
        ),
        (
            "EventBridge    off: it is turned on, which takes some five minutes; nothing else "
            "changes in the bucket"
        ),
        "other rules    everything will receive events of the bucket, too",
        "notifications  3 of others, untouched",
        (
            "               function scan: arn:aws:lambda:us-east-1:1:function:scan, "
            "s3:ObjectCreated:Put, s3:ObjectRemoved:*"
        ),
        (
            "               queue thumbnails: arn:aws:sqs:us-east-1:1:thumbs, s3:ObjectCreated:*, "
            "prefix in/, suffix .jpg"
        ),
        "               topic all: arn:aws:sns:us-east-1:1:all, s3:ObjectCreated:*",
        "objects        2",
        "backfill       less than $0.01 (us-east-1, November 2026)",
        "               less than a minute of writes: 4 shards take 4,000 a second",
        f'setting        "buckets": "{setting}"',
        f"               or, at each deployment: cdk deploy -c buckets={setting}",
    ]
    writes = [call for call in existing.calls if call.startswith(("Put", "Create", "Delete"))]
    assert set(writes) == {
        "CreateBucket",
        *("PutBucketVersioning", "PutBucketEncryption", "PutObject", "PutRule", "DeleteRule"),
    }


def lines_of(result: Result, name: str) -> list[str]:
    """The values of the line that begins with `name`, and of those below it."""
    assert result.exit_code == 0, result.output
    found: list[str] = []
    last = ""
    for line in result.stdout.splitlines():
        last = line[:15].rstrip() or last
        if last == name:
            found.append(line[15:])
    return found


def test_a_switch_that_is_on_changes_nothing_for_other_rules(
    existing: ExistingBuckets, run: Run
) -> None:
    existing.configuration = document(SWITCH)
    existing.refused["ListRules"] = "AccessDeniedException"
    shown = run("attach", f"s3://{existing.add()}/", "--plan")
    assert lines_of(shown, "EventBridge") == ["on already: nothing changes in the bucket"]
    assert lines_of(shown, "other rules") == []
    assert lines_of(shown, "notifications") == ["none"]


def test_our_own_rules_are_no_others(
    existing: ExistingBuckets, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = existing.add()
    attach_to(existing, monkeypatch, f"{bucket}/2025/")
    existing.resources["AWS::Events::Rule"] = [("AttachedRule", "Catalog-AttachedRule-1")]
    events = existing.catalog.session.client("events")
    events.put_rule(Name="Catalog-AttachedRule-1", EventPattern='{"source": ["aws.s3"]}')
    shown = run("attach", f"s3://{bucket}/2026/", "--plan")
    events.delete_rule(Name="Catalog-AttachedRule-1")
    assert lines_of(shown, "other rules") == ["none"]


@pytest.mark.parametrize(
    ("status", "expected"), [(None, "never enabled"), ("Suspended", "suspended")]
)
def test_versioning(existing: ExistingBuckets, run: Run, status: str | None, expected: str) -> None:
    bucket = existing.add()
    if status:
        existing.catalog.s3.put_bucket_versioning(
            Bucket=bucket,
            VersioningConfiguration={"Status": "Suspended"},
        )
    assert lines_of(run("attach", f"s3://{bucket}", "--plan"), "versioning") == [expected]


@pytest.mark.parametrize("key", [None, "arn:aws:kms:us-east-1:123456789012:alias/aws/s3"])
def test_a_key_of_aws_needs_no_permission(
    existing: ExistingBuckets, run: Run, key: str | None
) -> None:
    bucket = existing.add()
    existing.resources["AWS::IAM::Role"] = [("WorkerRole0A1B2C3D", "Workers-WorkerRole")]
    encrypt(existing, bucket, key)
    assert lines_of(run("attach", f"s3://{bucket}", "--plan"), "encryption") == ["aws:kms"]


def test_a_bucket_without_default_encryption(existing: ExistingBuckets, run: Run) -> None:
    existing.refused["GetBucketEncryption"] = "ServerSideEncryptionConfigurationNotFoundError"
    shown = run("attach", f"s3://{existing.add()}", "--plan")
    assert lines_of(shown, "encryption") == ["none by default"]


def test_a_hostile_configuration_is_shown_and_does_no_harm(
    existing: ExistingBuckets, run: Run
) -> None:
    existing.configuration = document(
        '<New:Configuration xmlns:New="urn:new"><Deep><Id>inner</Id></Deep></New:Configuration>',
        "<QueueConfiguration/>",
        "<QueueConfiguration><Id>\u009b2J\u202e</Id><Queue>not an ARN</Queue>"
        "<Queue>arn:aws:sqs:a</Queue><Queue>arn:aws:sqs:b</Queue>"
        "<Filter><FilterRule/><FilterRule><Value>v</Value></FilterRule></Filter>"
        "</QueueConfiguration>",
        "<LakeConfiguration><Lake>arn:aws:lake:x</Lake><Id>l</Id></LakeConfiguration>",
        "text between",
    )
    shown = run("attach", f"s3://{existing.add()}", "--plan")
    assert lines_of(shown, "notifications") == [
        "4 of others, untouched",
        "LakeConfiguration l: arn:aws:lake:x",
        "New:Configuration (no id): nothing known",
        "queue (no id): nothing known",
        "queue \\x9b2J\\u202e: arn:aws:sqs:a, arn:aws:sqs:b,  ,  v",
    ]


def test_a_configuration_that_is_none_is_refused(existing: ExistingBuckets, run: Run) -> None:
    bucket = existing.add()
    existing.configuration = b"<Surprise/>"
    assert refusal(run("attach", f"s3://{bucket}", "--plan")) == (
        f"s3://{bucket}: not a notification configuration but an element 'Surprise'"
    )


def test_the_bucket_of_its_own_is_not_in_the_setting_if_there_is_none(
    existing: ExistingBuckets, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = replace(existing.catalog.outputs, bucket_name=None, attached_buckets="logs/it's /")
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)
    bucket = existing.add()
    assert lines_of(run("attach", f"s3://{bucket}", "--plan"), "setting") == [
        f'"buckets": "logs/it\'s /,{bucket}"',
        f"or, at each deployment: cdk deploy -c 'buckets=logs/it'\"'\"'s /,{bucket}'",
    ]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("photos-prod", "use s3://BUCKET or s3://BUCKET/PREFIX/, such as s3://photos-prod"),
        ("s3://", "a bucket name has 3 to 63 lower-case letters"),
        ("s3://a,b", "a bucket name has 3 to 63 lower-case letters"),
        ("s3://photos-prod/2026", "with a slash at the end of the prefix"),
        ("s3://photos-prod/a,b/", "cannot name a prefix with a comma"),
        ("s3://photos-prod/*/", "*, ? and $ are patterns there"),
        ("s3://photos-prod/2026/ ", "a prefix ends with a slash"),
        ("s3://photos--use1-az4--x-s3", "is the name of a directory bucket"),
        ("s3://photos--table-s3", "is the name of a table bucket"),
        ("s3://photos-s3alias", "is the name of an access point"),
    ],
)
def test_a_url_that_no_catalog_can_have_is_refused(run: Run, url: str, reason: str) -> None:
    line = refusal(run("attach", url, "--plan"))
    assert f"invalid URL {url!r}: " in line
    assert reason in line


@pytest.mark.parametrize(
    ("attached", "url", "reason"),
    [
        (
            "logs,photos",
            "s3://logs/",
            (
                "s3://logs is attached already: `reinventure repair s3://logs/` catalogues what is "
                "missing"
            ),
        ),
        (
            "logs/a/",
            "s3://logs/a/",
            (
                "s3://logs/a/ is attached already: `reinventure repair s3://logs/a/` catalogues "
                "what is missing"
            ),
        ),
        ("logs", "s3://logs/a/", "s3://logs/a/ is part of s3://logs, which is attached already"),
        (
            "logs/a/",
            "s3://logs/a/b/",
            "s3://logs/a/b/ is part of s3://logs/a/, which is attached already",
        ),
        (
            "logs/a/b/",
            "s3://logs/a/",
            "s3://logs/a/ has s3://logs/a/b/ in it, which is attached: detach that first",
        ),
        (
            None,
            "s3://create",
            (
                "the setting buckets cannot name a bucket 'create', only its prefixes: there, it "
                "stands for the bucket of its own"
            ),
        ),
        (
            ",".join(f"logs-{n}" for n in range(32)),
            "s3://photos",
            (
                "s3://photos cannot be attached: 33 buckets and prefixes are attached, a catalog "
                "has up to 32"
            ),
        ),
    ],
)
def test_a_bucket_that_the_setting_cannot_have_is_refused_before_anything_is_read(
    existing: ExistingBuckets,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    attached: str | None,
    url: str,
    reason: str,
) -> None:
    attach_to(existing, monkeypatch, attached)
    existing.calls.clear()
    assert refusal(run("attach", url, "--plan")) == reason
    assert existing.calls == []


def test_the_bucket_of_its_own_is_refused(existing: ExistingBuckets, run: Run) -> None:
    own = existing.catalog.bucket
    for url in (f"s3://{own}", f"s3://{own}/2026/"):
        assert refusal(run("attach", url, "--plan")) == (
            f"s3://{own} is the bucket of its own of the catalog, which has all of it"
        )


def test_a_product_is_refused(
    existing: ExistingBuckets, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = "SC-123456789012-pp-abc"
    monkeypatch.setattr(deployed_stack, "find", lambda *_: existing.catalog.outputs)
    assert refusal(run("attach", "s3://photos-prod", "--plan", "--stack", product)) == (
        f"the stack {product} is a launched product, which has its own bucket alone: attach to a "
        "catalog that is deployed with settings"
    )


def test_a_bucket_of_another_region_is_refused(existing: ExistingBuckets, run: Run) -> None:
    bucket = existing.add("eu-west-1")
    assert refusal(run("attach", f"s3://{bucket}", "--plan")) == (
        f"s3://{bucket} is in eu-west-1 and the catalog in us-east-1: S3 sends events within a "
        "region, so attach it to a catalog of its own region"
    )


def test_a_bucket_that_does_not_exist_is_refused(existing: ExistingBuckets, run: Run) -> None:
    assert refusal(run("attach", "s3://no-such-bucket", "--plan")) == (
        "there is no bucket s3://no-such-bucket"
    )


def test_a_bucket_of_another_account_is_refused(existing: ExistingBuckets, run: Run) -> None:
    bucket = existing.add()
    existing.refused["GetBucketLocation"] = "AccessDenied"
    other = "is a bucket of another account than 123456789012, that of the catalog"
    missing = f"s3:GetBucketLocation on s3://{bucket} is not allowed: you need this permission"
    assert refusal(run("attach", f"s3://{bucket}", "--plan")) == missing
    # The list of the account's buckets decides, if it may be read.
    assert refusal(run("attach", f"s3://{bucket[:-1]}", "--plan")) == f"s3://{bucket[:-1]} {other}"
    existing.refused["ListBuckets"] = "AccessDenied"
    assert refusal(run("attach", f"s3://{bucket}", "--plan")) == (
        f"s3://{bucket} {other}, or {missing}"
    )


@pytest.mark.parametrize(
    ("operation", "code", "action"),
    [
        (
            "DescribeStacks",
            "AccessDenied",
            "cloudformation:DescribeStacks on all stacks of the region",
        ),
        ("GetBucketVersioning", "AccessDenied", "s3:GetBucketVersioning on s3://{}"),
        ("GetBucketEncryption", "AccessDenied", "s3:GetEncryptionConfiguration on s3://{}"),
        (
            "GetBucketNotificationConfiguration",
            "AccessDenied",
            "s3:GetBucketNotification on s3://{}",
        ),
        ("ListObjectVersions", "AccessDenied", "s3:ListBucketVersions on s3://{}"),
        (
            "ListRules",
            "AccessDeniedException",
            "events:ListRules or events:TestEventPattern on the default event bus",
        ),
    ],
)
def test_a_missing_permission_is_named(
    existing: ExistingBuckets, run: Run, operation: str, code: str, action: str
) -> None:
    bucket = existing.add()
    existing.refused[operation] = code
    assert refusal(run("attach", f"s3://{bucket}", "--plan")) == (
        f"{action.format(bucket)} is not allowed: you need this permission"
    )
    existing.refused[operation] = "InternalError"
    assert "InternalError" in refusal(run("attach", f"s3://{bucket}", "--plan"))


def test_a_bucket_of_another_catalog_is_refused(existing: ExistingBuckets, run: Run) -> None:
    bucket = existing.add()
    url = f"s3://{bucket}/2026/"
    other = replace(existing.catalog.outputs, table_name="other", bucket_name="other-own")
    existing.stacks["SC-1-pp-2"] = replace(other, attached_buckets="logs")
    assert run("attach", url, "--plan").exit_code == 0
    reason = f"s3://{bucket} is in another catalog of this account and region, the stack SC-1-pp-2"
    for outputs in (
        replace(other, attached_buckets=f"logs,{bucket}/2025/"),
        replace(other, bucket_name=bucket),
    ):
        existing.stacks["SC-1-pp-2"] = outputs
        assert refusal(run("attach", url, "--plan")) == reason


def count(monkeypatch: pytest.MonkeyPatch, objects: ObjectCount) -> None:
    monkeypatch.setattr(attach_plan, "object_count", lambda *_, **_options: objects)


def test_more_shards_are_proposed_before_the_first_row(
    existing: ExistingBuckets, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = replace(existing.catalog.outputs, shards=16)
    monkeypatch.setattr(deployed_stack, "find", lambda *_: outputs)
    count(monkeypatch, ObjectCount(1_000, 10_000_000_000, date(2026, 11, 25)))
    url = f"s3://{existing.add()}"
    shown = run("attach", url, "--plan")
    assert lines_of(shown, "objects") == [
        (
            "1,000 to 10,000,000,000: the first page of the listing, and S3's count of 2026-11-25 "
            "of the whole bucket, old versions and delete markers included"
        )
    ]
    # 10 million requests, 0.005 for a thousand; 0.625 and 0.338 for each million of rows.
    assert lines_of(shown, "backfill") == [
        (
            "$9,682.92 (us-east-1, November 2026): $50.00 for 10,000,000 LIST requests, "
            "$6,250.00 for 10,000,000,000 write units of DynamoDB, $3,382.92 for totals and change "
            "feed"
        ),
        "7.2 days of writes: 16 shards take 16,000 a second",
    ]
    proposed = (
        "shards=116 would take 23.9 hours, with a quota of 116,000 write units a second for the "
        "table, whose default is 40,000; "
    )
    assert lines_of(shown, "shards") == [
        f"{proposed}set it before the first row, as it is fixed for the life of a table"
    ]
    catalog = replace(existing.catalog, outputs=outputs)
    assert catalog.totals().correct(catalog.bucket, "", Tally(1_234, 0), None)
    assert lines_of(run("attach", url, "--plan"), "shards") == [
        f"{proposed}its 1,234 rows would have to be filled in again"
    ]


def test_a_count_that_is_not_known_is_not_made_up(
    existing: ExistingBuckets, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    count(monkeypatch, ObjectCount(20_000, None))
    shown = run("attach", f"s3://{existing.add()}", "--plan")
    assert lines_of(shown, "objects") == [
        (
            "at least 20,000, those of the first page of the listing; CloudWatch shows no count of "
            "this bucket"
        )
    ]
    assert lines_of(shown, "backfill")[0] == (
        "at least $0.02 (us-east-1, November 2026): less than $0.01 for 20 LIST requests, $0.01 "
        "for 20,000 write units of DynamoDB, less than $0.01 for totals and change feed"
    )
    assert lines_of(shown, "shards") == []


def test_the_question_is_asked_and_no_is_an_answer(
    existing: ExistingBuckets, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    attached: list[tuple[str, bool]] = []
    monkeypatch.setattr(cdk_cli, "require_checkout", lambda: None)
    monkeypatch.setattr(
        command, "_attach", lambda entry, _, *, ask: attached.append((str(entry), ask))
    )
    url = f"s3://{existing.add()}"
    declined = run("attach", url, typed="n\n")
    assert (declined.exit_code, attached) == (0, [])
    assert declined.stdout.endswith("Nothing attached.\n")
    unanswered = run("attach", url)
    assert (unanswered.exit_code, attached) == (2, [])
    assert unanswered.stderr.endswith(
        "reinventure: there was no answer to the question: `--yes` answers it\n"
    )
    assert run("attach", url, typed="y\n").exit_code == 0
    assert run("attach", url, "--yes").exit_code == 0
    assert attached == [(url[5:], True), (url[5:], False)]


def test_without_a_checkout_it_only_plans(
    existing: ExistingBuckets, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise UserError("this command needs a checkout of reinventure")

    monkeypatch.setattr(cdk_cli, "require_checkout", missing)
    url = f"s3://{existing.add()}"
    assert refusal(run("attach", url, "--yes")) == (
        "this command needs a checkout of reinventure. With --plan, it works anywhere"
    )
    assert run("attach", url, "--plan").exit_code == 0
    assert refusal(run("attach", url, "--plan", "--yes")).startswith("choose one: --plan only")
