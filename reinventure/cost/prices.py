"""The prices of AWS that the project uses, each with its source. No other file has a price.

List prices of us-east-1 in US dollars, without discounts. Other regions cost up to twice as much.
To update them: read each page, change the prices and `AS_OF`; tests/unit/cost has the same figures
once more.
"""

from dataclasses import dataclass
from enum import Enum

AS_OF = "November 2026"
LOCATION = f"us-east-1, {AS_OF}"

_K, _M = 1_000, 1_000_000


class Source(Enum):
    """Where a price was read. All are copies: no page could be opened when they were written."""

    PAGE = "AWS's page"
    """The price is in a copy of the page of AWS."""

    QUOTED = "quoted"
    """The page renders the price by a script; others quoted it from there, in 2025 or 2026."""

    UNCONFIRMED = "not confirmed"
    """From memory."""


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one `unit` of a `service`, in `dollars`.

    `free` units a month are free in each account, for all that runs in it. `page` is the page of
    AWS (without https://) that has the price, and `source` says how it was read.
    """

    service: str
    unit: str
    dollars: float
    page: str
    source: Source
    free: float = 0


_KMS, _DYNAMODB, _LAMBDA = "KMS", "DynamoDB", "Lambda"
_S3, _CLOUDWATCH, _TABLES = "S3", "CloudWatch", "S3 Tables"
_S3_PAGE, _SNS_PAGE = "aws.amazon.com/s3/pricing/", "aws.amazon.com/sns/pricing/"
_KMS_PAGE, _DYNAMODB_PAGE = "aws.amazon.com/kms/pricing/", "aws.amazon.com/dynamodb/pricing/"
_LAMBDA_PAGE, _CLOUDWATCH_PAGE = (
    "aws.amazon.com/lambda/pricing/",
    "aws.amazon.com/cloudwatch/pricing/",
)
_AURORA_PAGE, _KINESIS_PAGE = (
    "aws.amazon.com/rds/aurora/pricing/",
    "aws.amazon.com/kinesis/data-streams/pricing/",
)
_QUOTED, _PAGE, _UNCONFIRMED = Source.QUOTED, Source.PAGE, Source.UNCONFIRMED

KEY = Price(_KMS, "key-month", 1, _KMS_PAGE, _PAGE)
KEY_ROTATION = Price(_KMS, "rotated key-month", 1, _KMS_PAGE, _QUOTED)
"""On top, after the first rotation, and once more after the second; later ones are free."""
KMS_REQUEST = Price(_KMS, "request", 0.03 / 10_000, _KMS_PAGE, _QUOTED, free=20_000)

WRITE_UNIT = Price(_DYNAMODB, "write unit", 0.625 / _M, _DYNAMODB_PAGE, _QUOTED)
"""1 KB written; twice that in a transaction. A refused conditional write is charged."""
READ_UNIT = Price(_DYNAMODB, "read unit", 0.125 / _M, _DYNAMODB_PAGE, _QUOTED)
"""4 KB read, consistently."""
TABLE_STORAGE = Price(_DYNAMODB, "GB-month", 0.25, _DYNAMODB_PAGE, _QUOTED, free=25)
POINT_IN_TIME_RECOVERY = Price(_DYNAMODB, "GB-month to recover", 0.20, _DYNAMODB_PAGE, _QUOTED)
KINESIS_COPY = Price(_DYNAMODB, "change to Kinesis", 0.10 / _M, _DYNAMODB_PAGE, _UNCONFIRMED)
STREAM_READ = Price(_DYNAMODB, "stream read by Lambda", 0, _DYNAMODB_PAGE, _QUOTED)

INVOCATION = Price(_LAMBDA, "request", 0.20 / _M, _LAMBDA_PAGE, _QUOTED, free=_M)
LAMBDA_TIME = Price(_LAMBDA, "GB-second, arm64", 0.0000133334, _LAMBDA_PAGE, _QUOTED, free=400_000)

QUEUE_REQUEST = Price("SQS", "request", 0.40 / _M, "aws.amazon.com/sqs/pricing/", _QUOTED, free=_M)

FIFO_MESSAGE = Price("SNS", "FIFO message", 0.30 / _M, _SNS_PAGE, _QUOTED)
FIFO_MESSAGE_DATA = Price("SNS", "GB published", 0.017, _SNS_PAGE, _QUOTED)
FIFO_DELIVERY = Price("SNS", "FIFO delivery", 0.01 / _M, _SNS_PAGE, _QUOTED)
FIFO_DELIVERY_DATA = Price("SNS", "GB delivered", 0.001, _SNS_PAGE, _QUOTED)
TOPIC_REQUEST = Price("SNS", "message", 0.50 / _M, _SNS_PAGE, _UNCONFIRMED, free=_M)

BUS_EVENT = Price(
    "EventBridge", "event of S3", 1.00 / _M, "aws.amazon.com/eventbridge/pricing/", _QUOTED
)
"""The page calls events of S3 "opt-in data events"; some articles count them as free."""

LIST_REQUEST = Price(_S3, "LIST request", 0.005 / _K, _S3_PAGE, _QUOTED)
GET_REQUEST = Price(_S3, "GET request", 0.0004 / _K, _S3_PAGE, _QUOTED)

ALARM_METRIC = Price(_CLOUDWATCH, "alarm metric-month", 0.10, _CLOUDWATCH_PAGE, _QUOTED, free=10)
CUSTOM_METRIC = Price(_CLOUDWATCH, "custom metric-month", 0.30, _CLOUDWATCH_PAGE, _QUOTED, free=10)
DASHBOARD = Price(_CLOUDWATCH, "dashboard-month", 3.00, _CLOUDWATCH_PAGE, _QUOTED, free=3)
LOG_DATA = Price(_CLOUDWATCH, "GB of logs", 0.50, _CLOUDWATCH_PAGE, _QUOTED, free=5)
LOG_STORAGE = Price(_CLOUDWATCH, "GB-month of logs", 0.03, _CLOUDWATCH_PAGE, _QUOTED)
METRIC_REQUEST = Price(_CLOUDWATCH, "metric asked for", 0.01 / _K, _CLOUDWATCH_PAGE, _QUOTED)
"""By GetMetricData, whatever the number of its data points."""

TRACE = Price("X-Ray", "trace", 5.00 / _M, "aws.amazon.com/xray/pricing/", _PAGE, free=100_000)

TRANSITION = Price(
    "Step Functions",
    "transition",
    0.025 / _K,
    "aws.amazon.com/step-functions/pricing/",
    _QUOTED,
    free=4_000,
)

AURORA_CAPACITY = Price("Aurora", "ACU-hour", 0.12, _AURORA_PAGE, _QUOTED)
AURORA_STORAGE = Price("Aurora", "GB-month", 0.10, _AURORA_PAGE, _QUOTED)
AURORA_IO = Price("Aurora", "I/O request", 0.20 / _M, _AURORA_PAGE, _QUOTED)
DATA_API_REQUEST = Price("Aurora", "Data API request", 0.35 / _M, _AURORA_PAGE, _UNCONFIRMED)
SECRET = Price(
    "Secrets Manager", "secret-month", 0.40, "aws.amazon.com/secrets-manager/pricing/", _QUOTED
)

KINESIS_STREAM = Price("Kinesis", "stream-hour", 0.04, _KINESIS_PAGE, _UNCONFIRMED)
KINESIS_DATA = Price("Kinesis", "GB written", 0.08, _KINESIS_PAGE, _UNCONFIRMED)

JOURNAL_UPDATE = Price("S3 Metadata", "update", 0.30 / _M, _S3_PAGE, _QUOTED)
LIVE_INVENTORY = Price(
    "S3 Metadata", "object-month", 0.10 / _M, _S3_PAGE, _QUOTED, free=1_000_000_000
)
"""The first billion objects are free: of each bucket, by the page's words."""
LIVE_INVENTORY_BACKFILL = Price("S3 Metadata", "object, once", 0.30 / _M, _S3_PAGE, _QUOTED)
INVENTORY = Price("S3 Inventory", "object listed", 0.0025 / _M, _S3_PAGE, _QUOTED)
TABLES_STORAGE = Price(_TABLES, "GB-month", 0.0265, _S3_PAGE, _PAGE)
TABLES_COMPACTION = Price(_TABLES, "GB compacted", 0.005, _S3_PAGE, _QUOTED)
